// SPDX-License-Identifier: MPL-2.0

package contract_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/kanbert/terraform-provider-kanbert/internal/filter"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanbert"
	"github.com/kanbert/terraform-provider-kanbert/internal/kanberttest"
)

// listParameter returns a parameter of the list.
func listParameter(t *testing.T, document *openapi3.T, name string) *openapi3.Parameter {
	t.Helper()
	p := document.Paths.Value("/webhooks").Get.Parameters.GetByInAndName(openapi3.ParameterInQuery, name)
	if p == nil {
		t.Fatalf("the list has no parameter %s", name)
	}
	return p
}

// extension reads a field that OpenAPI does not define.
func extension[T any](t *testing.T, p *openapi3.Parameter, name string) T {
	t.Helper()
	text, err := json.Marshal(p.Extensions[name])
	if err != nil {
		t.Fatal(err)
	}
	var value T
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatal(err)
	}
	return value
}

// TestOperations finds the three operations of the reference, whoami, and no
// other.
func TestOperations(t *testing.T) {
	var got []string
	for path, item := range load(t).Paths.Map() {
		for method := range item.Operations() {
			got = append(got, method+" "+path)
		}
	}
	slices.Sort(got)
	if want := []string{"DELETE /webhooks/{id}", "GET /webhooks", "GET /whoami", "POST /webhooks"}; !slices.Equal(got, want) {
		t.Errorf("operations %v, want %v", got, want)
	}
}

// TestEvents compares the three lists of events.
func TestEvents(t *testing.T) {
	var document []string
	for _, event := range load(t).Components.Schemas["WebhookEvent"].Value.Enum {
		document = append(document, fmt.Sprint(event))
	}
	var client []string
	for _, event := range kanbert.Events() {
		client = append(client, string(event))
	}
	if !slices.Equal(document, client) {
		t.Errorf("the client's events are %v, the document's %v", client, document)
	}
	if sandbox := kanberttest.Events(); !slices.Equal(document, sandbox) {
		t.Errorf("the sandbox's events are %v, the document's %v", sandbox, document)
	}
}

func TestMaxURLLength(t *testing.T) {
	limit := load(t).Components.Schemas["NewWebhook"].Value.Properties["url"].Value.MaxLength
	if limit == nil || *limit != kanbert.MaxURLLength {
		t.Errorf("the client's limit is %d, the document's %v", kanbert.MaxURLLength, limit)
	}
}

// TestSorts compares the names, and the pattern with the names.
func TestSorts(t *testing.T) {
	p := listParameter(t, load(t), "sort")
	sorts := extension[[]string](t, p, "x-sorts")
	if !slices.Equal(sorts, filter.Sorts()) {
		t.Errorf("the language's sorts are %v, the document's %v", filter.Sorts(), sorts)
	}
	pattern := regexp.MustCompile(p.Schema.Value.Pattern)
	for _, name := range sorts {
		if !pattern.MatchString(name) || !pattern.MatchString("-"+name+",url") {
			t.Errorf("the pattern has no place for %s", name)
		}
	}
	for _, text := range []string{"title", "sort=-created_at", "url,", ",url", "url created_at", "--url", "id", "xurl"} {
		if pattern.MatchString(text) {
			t.Errorf("the pattern has a place for %q", text)
		}
	}
}

func TestFilterFields(t *testing.T) {
	p := listParameter(t, load(t), "filter")
	fields := extension[[]filter.Field](t, p, "x-filter-fields")
	if !reflect.DeepEqual(fields, filter.Fields()) {
		t.Errorf("the language's fields are %v, the document's %v", filter.Fields(), fields)
	}
}

// TestSpecialValues checks that each special value is valid where the reference has
// a field for it. No field of a webhook has the type id, so me.id is not valid for
// any field.
func TestSpecialValues(t *testing.T) {
	p := listParameter(t, load(t), "filter")
	values := extension[[]string](t, p, "x-special-values")
	if len(values) < 9 {
		t.Fatalf("special values %v", values)
	}
	for _, value := range values {
		errs, warnings := filter.Check("created_at lt " + value)
		if ok := len(errs)+len(warnings) == 0; ok != (value != "me.id") {
			t.Errorf("%s: %v %v", value, errs, warnings)
		}
	}
}

// TestArguments compares the fields of a create with those of the document: all of
// them if each has a value, and the required ones if none has.
func TestArguments(t *testing.T) {
	var whole kanbert.NewWebhook
	for i := range reflect.TypeOf(whole).NumField() {
		reflect.ValueOf(&whole).Elem().Field(i).SetString("x")
	}
	schema := load(t).Components.Schemas["NewWebhook"].Value
	for _, test := range []struct {
		sent kanbert.NewWebhook
		want []string
	}{
		{whole, slices.Collect(maps.Keys(schema.Properties))},
		{kanbert.NewWebhook{}, schema.Required},
	} {
		body, err := json.Marshal(test.sent)
		if err != nil {
			t.Fatal(err)
		}
		var fields map[string]string
		if err := json.Unmarshal(body, &fields); err != nil {
			t.Fatal(err)
		}
		got, want := slices.Sorted(maps.Keys(fields)), slices.Sorted(slices.Values(test.want))
		if !slices.Equal(got, want) {
			t.Errorf("a create sends %v, and the document has %v", got, want)
		}
	}
}
