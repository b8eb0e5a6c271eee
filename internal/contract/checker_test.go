// SPDX-License-Identifier: MPL-2.0

package contract_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"github.com/kanbert/terraform-provider-kanbert/internal/contract"
)

// load returns the document and validates it.
func load(t *testing.T) *openapi3.T {
	t.Helper()
	document, err := read()
	if err != nil {
		t.Fatal(err)
	}
	return document
}

func read() (*openapi3.T, error) {
	document, err := openapi3.NewLoader().LoadFromData(contract.Document())
	if err != nil {
		return nil, err
	}
	err = document.Validate(context.Background())
	return document, err
}

// closedDocument is read once for all checkers, which do not change it.
var closedDocument = sync.OnceValues(func() (*openapi3.T, error) {
	document, err := read()
	if err == nil {
		closeSchemas(document)
	}
	return document, err
})

// closeSchemas forbids fields that the document does not have, in every object.
// Clients must ignore such fields. Here they would mean that the sandbox or the
// client invented one.
func closeSchemas(document *openapi3.T) {
	seen := map[*openapi3.Schema]bool{}
	var shut func(s *openapi3.SchemaRef)
	shut = func(s *openapi3.SchemaRef) {
		if s == nil || s.Value == nil || seen[s.Value] {
			return
		}
		seen[s.Value] = true
		if s.Value.Type.Is("object") && s.Value.AdditionalProperties.Schema == nil {
			s.Value.AdditionalProperties.Has = new(bool)
		}
		shut(s.Value.Items)
		for _, property := range s.Value.Properties {
			shut(property)
		}
	}
	for _, s := range document.Components.Schemas {
		shut(s)
	}
	for _, response := range document.Components.Responses {
		for _, content := range response.Value.Content {
			shut(content.Schema)
		}
	}
}

// checker is a transport that compares every request and every response with the
// document.
type checker struct {
	document *openapi3.T
	basePath string
	base     http.RoundTripper

	mu sync.Mutex
	// requests and answers are the deviations found.
	requests, answers []string
	// operations counts the requests of each operation.
	operations map[string]int
}

func newChecker(t *testing.T, base http.RoundTripper, baseURL string) *checker {
	t.Helper()
	u, err := url.Parse(baseURL)
	if err != nil {
		t.Fatal(err)
	}
	document, err := closedDocument()
	if err != nil {
		t.Fatal(err)
	}
	return &checker{document: document, basePath: u.EscapedPath(), base: base, operations: map[string]int{}}
}

// RoundTrip implements [http.RoundTripper].
func (c *checker) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		_ = r.Body.Close()
	}
	// Two copies, because the check reads one to its end.
	checked, sent := r.Clone(r.Context()), r.Clone(r.Context())
	checked.Body, sent.Body = io.NopCloser(bytes.NewReader(body)), io.NopCloser(bytes.NewReader(body))
	input, err := c.input(checked)
	if err == nil {
		err = c.checkRequest(input, body)
	}
	c.note(&c.requests, err)
	resp, sendErr := c.base.RoundTrip(sent)
	if sendErr != nil || input == nil {
		return resp, sendErr
	}
	answer, readErr := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	resp.Body = io.NopCloser(io.MultiReader(bytes.NewReader(answer), failing{readErr}))
	if readErr == nil {
		c.note(&c.answers, c.checkAnswer(input, resp, answer))
	}
	return resp, nil
}

// failing returns the error at the end of reading a body.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) {
	if f.err == nil {
		return 0, io.EOF
	}
	return 0, f.err
}

func (c *checker) note(departures *[]string, err error) {
	if err == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	*departures = append(*departures, err.Error())
}

// input finds the operation of r by its escaped path, so an id with a slash must be
// escaped.
func (c *checker) input(r *http.Request) (*openapi3filter.RequestValidationInput, error) {
	path, params := strings.TrimPrefix(r.URL.EscapedPath(), c.basePath), map[string]string{}
	if escaped, ok := strings.CutPrefix(path, "/webhooks/"); ok && !strings.Contains(escaped, "/") {
		id, err := url.PathUnescape(escaped)
		if err != nil {
			return nil, err
		}
		path, params["id"] = "/webhooks/{id}", id
	}
	item := c.document.Paths.Value(path)
	if item == nil || item.GetOperation(r.Method) == nil {
		return nil, fmt.Errorf("there is no operation %s %s", r.Method, path)
	}
	operation := item.GetOperation(r.Method)
	c.mu.Lock()
	c.operations[operation.OperationID]++
	c.mu.Unlock()
	return &openapi3filter.RequestValidationInput{
		Request:    r,
		PathParams: params,
		Route: &routers.Route{
			Spec: c.document, Server: c.document.Servers[0], Path: path, PathItem: item, Method: r.Method, Operation: operation,
		},
		Options: &openapi3filter.Options{
			MultiError:                        true,
			RejectWhenRequestBodyNotSpecified: true,
			SkipSettingDefaults:               true,
			AuthenticationFunc:                authenticate,
			SchemaValidationOptions: []openapi3.SchemaValidationOption{
				openapi3.EnableFormatValidation(),
				openapi3.WithStringFormatValidator("uri", openapi3.NewCallbackValidator(checkURI)),
			},
		},
	}, nil
}

func authenticate(_ context.Context, in *openapi3filter.AuthenticationInput) error {
	token, ok := strings.CutPrefix(in.RequestValidationInput.Request.Header.Get("Authorization"), "Bearer ")
	if !ok || token == "" {
		return in.NewError(errors.New("there is no bearer token"))
	}
	return nil
}

func checkURI(text string) error {
	u, err := url.Parse(text)
	if err == nil && (!u.IsAbs() || u.Host == "") {
		err = fmt.Errorf("%q is not absolute", text)
	}
	return err
}

// checkRequest also checks rules that the document's format cannot express.
func (c *checker) checkRequest(in *openapi3filter.RequestValidationInput, body []byte) error {
	operation := in.Route.Operation
	for name, values := range in.Request.URL.Query() {
		if operation.Parameters.GetByInAndName(openapi3.ParameterInQuery, name) == nil || len(values) > 1 {
			return fmt.Errorf("%s: the query has %s=%q", operation.OperationID, name, values)
		}
	}
	if operation.RequestBody == nil && len(body) > 0 {
		return fmt.Errorf("%s has the body %q", operation.OperationID, body)
	}
	return openapi3filter.ValidateRequest(in.Request.Context(), in)
}

func (c *checker) checkAnswer(in *openapi3filter.RequestValidationInput, resp *http.Response, body []byte) error {
	operation := in.Route.Operation
	response := operation.Responses.Status(resp.StatusCode)
	if response == nil {
		response = operation.Responses.Default()
	}
	if response.Value.Content == nil && len(body) > 0 {
		return fmt.Errorf("%s: %d has the body %q", operation.OperationID, resp.StatusCode, body)
	}
	if resp.StatusCode/100 == 3 {
		return fmt.Errorf("%s: %d is a redirect", operation.OperationID, resp.StatusCode)
	}
	return openapi3filter.ValidateResponse(in.Request.Context(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: in,
		Status:                 resp.StatusCode,
		Header:                 resp.Header,
		Body:                   io.NopCloser(bytes.NewReader(body)),
		Options:                in.Options,
	})
}

// departures returns the deviations found so far, in requests and in responses.
func (c *checker) departures() (requests, answers []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.requests), slices.Clone(c.answers)
}

// conforms fails the test for every deviation, and if an operation was not used.
func (c *checker) conforms(t *testing.T, operations ...string) {
	t.Helper()
	requests, answers := c.departures()
	for _, departure := range requests {
		t.Errorf("a request departs from the reference: %s", departure)
	}
	for _, departure := range answers {
		t.Errorf("an answer departs from the reference: %s", departure)
	}
	for _, operation := range operations {
		if c.operations[operation] == 0 {
			t.Errorf("%s was not used", operation)
		}
	}
}
