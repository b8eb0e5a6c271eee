// SPDX-License-Identifier: MPL-2.0

package main

import (
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// notShown are functions whose texts nobody meets as an error or a warning:
// descriptions of schemas, and of validators and plan modifiers.
var notShown = map[string]bool{
	"Description": true, "MarkdownDescription": true,
	"Schema": true, "IdentitySchema": true, "ListResourceConfigSchema": true,
}

// TestTroubleshootingHasEveryText holds the guide to the code: each sentence that
// the provider can say in an error or a warning stands in it, and each sentence
// that it quotes is one that the provider can say.
func TestTroubleshootingHasEveryText(t *testing.T) {
	page, err := os.ReadFile(root + "/templates/guides/troubleshooting.md.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	quoted := quotedSentences(string(page))
	said := saidSentences(t)
	for _, sentence := range said {
		if !slices.Contains(quoted, sentence) {
			t.Errorf("the guide lacks: %s", sentence)
		}
	}
	for _, sentence := range quoted {
		if !slices.Contains(said, sentence) {
			t.Errorf("the guide quotes what the provider does not say: %s", sentence)
		}
	}
}

// What is wrong with a setting is no sentence of its own: the provider puts it
// between the setting's name and its advice.
func TestTroubleshootingHasEverySetting(t *testing.T) {
	page, err := os.ReadFile(root + "/templates/guides/troubleshooting.md.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	quoted := unique(regexp.MustCompile(`(?m)^(?:token|base_url|max_retries|request_timeout|max_wait) .*$`).FindAllString(string(page), -1))
	said := settingProblems(t)
	if !slices.Equal(quoted, said) {
		t.Errorf("the guide has\n%s\nthe code has\n%s", strings.Join(quoted, "\n"), strings.Join(said, "\n"))
	}
}

// A heading is shorter than a sentence, and some are put together. They are taken
// from the file that holds every diagnostic as it is shown.
func TestTroubleshootingHasEveryHeading(t *testing.T) {
	page, err := os.ReadFile(root + "/templates/guides/troubleshooting.md.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	shown, err := os.ReadFile(root + "/internal/provider/testdata/diagnostics.golden")
	if err != nil {
		t.Fatal(err)
	}
	headings := regexp.MustCompile(`(?m)^(?:ERROR|WARNING)(?: \(.*?\))?: (.*)$`).FindAllStringSubmatch(string(shown), -1)
	if len(headings) == 0 {
		t.Fatal("no heading was found")
	}
	ids := regexp.MustCompile(`\b[0-9a-z]{26}\b`)
	for _, heading := range headings {
		text := ids.ReplaceAllString(heading[1], "…")
		if !strings.Contains(string(page), "\n"+text+"\n") {
			t.Errorf("the guide lacks the heading %q", text)
		}
	}
}

// The test of the sentences would be content with nothing, if nothing were found.
func TestSentencesAreFound(t *testing.T) {
	said := saidSentences(t)
	for _, want := range []string{
		"Kanbert did not accept the token.",
		"The import id is empty.",
		"No connection to … was made within ….",
	} {
		if !slices.Contains(said, want) {
			t.Errorf("not found in the code: %s", want)
		}
	}
	got := sentencesOf("The URL has %d characters, and Kanbert takes at most %d. Shorten its path.\n\nGive %[1]s, like https://receiver.example/kanbert. %s")
	want := []string{"The URL has … characters, and Kanbert takes at most ….", "Shorten its path.", "Give …, like https://receiver.example/kanbert."}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

var quotedBlock = regexp.MustCompile("(?s)```text\n(.*?)```")

// quotedSentences are those in the guide's blocks of text.
func quotedSentences(page string) []string {
	var all []string
	for _, block := range quotedBlock.FindAllStringSubmatch(page, -1) {
		all = append(all, sentencesOf(block[1])...)
	}
	return unique(all)
}

// saidSentences are those in the source of the provider.
func saidSentences(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob(root + "/internal/provider/*.go")
	if err != nil || len(files) == 0 {
		t.Fatal("the provider's source was not found", err)
	}
	var parsed []*ast.File
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		parsed = append(parsed, tree)
	}
	constants := make(constants)
	for _, tree := range parsed {
		constants.collect(tree)
	}
	var all []string
	for _, tree := range parsed {
		for _, text := range constants.textsIn(tree) {
			all = append(all, sentencesOf(text)...)
		}
	}
	all = slices.DeleteFunc(all, func(sentence string) bool { return slices.Contains(inDescriptions, sentence) })
	return unique(all)
}

// settingProblems are what the source says of the provider's settings, each after
// the name of the setting. They are calls of optionError and literals of
// OptionError. What only programs can set has none of a user's.
func settingProblems(t *testing.T) []string {
	t.Helper()
	var all []string
	add := func(option, problem ast.Expr) {
		name, _ := constants{}.concatenated(option)
		names := []string{name}
		if variable, ok := option.(*ast.Ident); ok && variable.Name == "argument" {
			names = []string{"request_timeout", "max_wait"} // Both are durations.
		}
		if call, ok := problem.(*ast.CallExpr); ok && len(call.Args) > 0 {
			problem = call.Args[0] // the format of fmt.Sprintf
		}
		text, _ := constants{}.concatenated(problem)
		for _, name := range names {
			if slices.Contains([]string{"token", "base_url", "max_retries", "request_timeout", "max_wait"}, name) {
				all = append(all, name+" "+verb.ReplaceAllString(text, "…"))
			}
		}
	}
	for _, file := range []string{"/internal/kanbert/options.go", "/internal/provider/settings.go"} {
		tree, err := parser.ParseFile(token.NewFileSet(), root+file, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(tree, func(node ast.Node) bool {
			switch node := node.(type) {
			case *ast.CallExpr:
				if name, ok := node.Fun.(*ast.Ident); ok && name.Name == "optionError" {
					add(node.Args[0], node.Args[1])
				}
			case *ast.CompositeLit:
				fields := make(map[string]ast.Expr)
				for _, element := range node.Elts {
					if field, ok := element.(*ast.KeyValueExpr); ok {
						if key, ok := field.Key.(*ast.Ident); ok {
							fields[key.Name] = field.Value
						}
					}
				}
				if fields["Option"] != nil && fields["Problem"] != nil {
					add(fields["Option"], fields["Problem"])
				}
			}
			return true
		})
	}
	return unique(all)
}

// inDescriptions are sentences of descriptions of schemas that stand outside of
// the schemas.
var inDescriptions = []string{
	"Defaults to the environment variable `…`",
	"The API cannot filter by it",
	"Filter by `url` and `created_at`, in the string form, such as `url contains 'acme' and created_at >= today-30d`, or in the JSON form, as `jsonencode` writes it.",
	"The provider checks it before any request, and sends it as written.",
	"See the guide [Filters and sorting](../guides/filters).",
}

func unique(all []string) []string {
	slices.Sort(all)
	return slices.Compact(all)
}

// constants are the texts that have a name in the provider.
type constants map[string]string

func (c constants) collect(file *ast.File) {
	ast.Inspect(file, func(node ast.Node) bool {
		declaration, ok := node.(*ast.GenDecl)
		if !ok || declaration.Tok != token.CONST {
			return true
		}
		for _, spec := range declaration.Specs {
			value, ok := spec.(*ast.ValueSpec)
			if !ok || len(value.Values) != 1 {
				continue
			}
			if text, ok := c.concatenated(value.Values[0]); ok {
				c[value.Names[0].Name] = text
			}
		}
		return false
	})
}

// textsIn are the texts in a file, each with "…" in place of what is only known
// when the program runs.
func (c constants) textsIn(tree ast.Node) []string {
	var texts []string
	ast.Inspect(tree, func(node ast.Node) bool {
		switch node := node.(type) {
		case *ast.ImportSpec, *ast.StructType:
			return false
		case *ast.FuncDecl:
			return !notShown[node.Name.Name]
		case *ast.KeyValueExpr:
			key, _ := node.Key.(*ast.Ident)
			return key == nil || !notShown[key.Name]
		case *ast.BinaryExpr:
			if text, ok := c.concatenated(node); ok {
				texts = append(texts, text)
				// A call in the sum may have texts of its own.
				for _, call := range calls(node) {
					texts = append(texts, c.textsIn(call)...)
				}
				return false
			}
		case *ast.BasicLit:
			if text, ok := c.concatenated(node); ok {
				texts = append(texts, text)
			}
		}
		return true
	})
	return texts
}

// calls are the terms of a sum that are calls.
func calls(sum ast.Expr) []ast.Node {
	switch e := sum.(type) {
	case *ast.CallExpr:
		return []ast.Node{e}
	case *ast.BinaryExpr:
		return append(calls(e.X), calls(e.Y)...)
	}
	return nil
}

// concatenated is the text of a literal, of a constant, or of a sum that has one
// in it.
func (c constants) concatenated(expression ast.Expr) (text string, hasText bool) {
	switch e := expression.(type) {
	case *ast.BasicLit:
		if e.Kind == token.STRING {
			return constant.StringVal(constant.MakeFromLiteral(e.Value, e.Kind, 0)), true
		}
	case *ast.Ident:
		if text, ok := c[e.Name]; ok {
			return text, true
		}
	case *ast.BinaryExpr:
		if e.Op == token.ADD {
			left, leftHas := c.concatenated(e.X)
			right, rightHas := c.concatenated(e.Y)
			return left + right, leftHas || rightHas
		}
	}
	return "…", false
}

var (
	verb     = regexp.MustCompile(`%(\[\d+\])?[a-z]`)
	boundary = regexp.MustCompile(`[.!?:] |[.:]?\n+`)
)

// sentencesOf cuts a text into its sentences. What has fewer than three words of
// its own, or does not begin as a sentence does, is none.
func sentencesOf(text string) []string {
	text = verb.ReplaceAllString(text, "…")
	var all []string
	for text != "" {
		sentence := text
		end := boundary.FindStringIndex(text)
		if end != nil {
			sentence, text = text[:end[0]+1], text[end[1]:]
		} else {
			text = ""
		}
		if sentence = trimmed(sentence); isSentence(sentence) {
			all = append(all, sentence)
		}
	}
	return all
}

var (
	glued    = regexp.MustCompile(`^(?:… ?)+(\p{Lu})`)
	trailing = regexp.MustCompile(`([.!?:])(?: ?…)+$`)
)

// trimmed leaves out what was put before or after a sentence without a word of
// its own, and a colon at its end, which may come from elsewhere.
func trimmed(sentence string) string {
	sentence = glued.ReplaceAllString(strings.TrimSpace(sentence), "$1")
	return strings.TrimSuffix(trailing.ReplaceAllString(sentence, "$1"), ":")
}

func isSentence(text string) bool {
	words := 0
	for _, word := range strings.Fields(text) {
		if strings.IndexFunc(word, unicode.IsLetter) >= 0 {
			words++
		}
	}
	first := []rune(text)
	return words >= 3 && (unicode.IsUpper(first[0]) || first[0] == '…')
}
