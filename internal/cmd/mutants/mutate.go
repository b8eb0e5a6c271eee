// SPDX-License-Identifier: MPL-2.0

package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"go/ast"
	"go/build"
	"go/parser"
	"go/token"
	"hash/fnv"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// edit replaces the bytes from one offset to another.
type edit struct {
	from, to int
	text     string
}

// mutant is one change of one file.
type mutant struct {
	file, kind string
	key        string // survives that lines are added above
	line       int
	edits      []edit
}

// finder collects the mutants of one file.
type finder struct {
	fset     *token.FileSet
	file     string
	source   []byte
	function string
	seen     map[string]int
	found    []mutant
}

// mutantsOf returns every mutant of the package's files that are not tests,
// shuffled by seed, the kinds in turn. The place of one does not depend on the others, so that a
// sample stays nearly the same while the code changes.
func mutantsOf(directory string, seed uint64) ([]mutant, error) {
	files, err := filepath.Glob(filepath.Join(directory, "*.go"))
	if err != nil {
		return nil, err
	}
	var all []mutant
	for _, file := range files {
		// What is built elsewhere would change nothing here.
		built, err := build.Default.MatchFile(filepath.Split(file))
		if err != nil {
			return nil, err
		}
		if !built || strings.HasSuffix(file, "_test.go") {
			continue
		}
		found, err := mutantsOfFile(file)
		if err != nil {
			return nil, err
		}
		all = append(all, found...)
	}
	place := func(m mutant) uint64 {
		h := fnv.New64a()
		fmt.Fprintf(h, "%s %d", m.key, seed)
		return h.Sum64() * 0x9e3779b97f4a7c15
	}
	slices.SortFunc(all, func(a, b mutant) int { return cmp.Compare(place(a), place(b)) })
	// Every kind has its turn: a table of words would leave no room for a lock.
	rank, count := map[string]int{}, map[string]int{}
	for _, m := range all {
		rank[m.key] = count[m.kind]
		count[m.kind]++
	}
	slices.SortStableFunc(all, func(a, b mutant) int { return cmp.Compare(rank[a.key], rank[b.key]) })
	return all, nil
}

func mutantsOfFile(file string) ([]mutant, error) {
	source, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	f := &finder{fset: token.NewFileSet(), file: file, source: source, seen: map[string]int{}}
	tree, err := parser.ParseFile(f.fset, file, source, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	for _, declaration := range tree.Decls {
		f.function = "top level"
		if function, ok := declaration.(*ast.FuncDecl); ok {
			f.function = function.Name.Name
			f.locks(function)
		}
		ast.Inspect(declaration, f.visit)
	}
	return f.found, nil
}

func (f *finder) at(position token.Pos) int { return f.fset.Position(position).Offset }

func (f *finder) text(n ast.Node) string { return string(f.source[f.at(n.Pos()):f.at(n.End())]) }

// add takes one change down. Its key holds no line number, and counts those that
// would be alike.
func (f *finder) add(what string, n ast.Node, edits ...edit) {
	key := fmt.Sprintf("%s %s: %s: %.70s", filepath.Base(f.file), f.function, what, strings.Join(strings.Fields(f.text(n)), " "))
	f.seen[key]++
	if count := f.seen[key]; count > 1 {
		key += fmt.Sprintf(" (%d)", count)
	}
	kind, _, _ := strings.Cut(what, " ")
	f.found = append(f.found, mutant{f.file, kind, key, f.fset.Position(n.Pos()).Line, edits})
}

func (f *finder) replace(what string, n ast.Node, text string) {
	f.add(what, n, edit{f.at(n.Pos()), f.at(n.End()), text})
}

// wrap puts n into an expression, so that what it uses is still used.
func (f *finder) wrap(what string, n ast.Node, before string) {
	f.replace(what, n, before+"("+f.text(n)+")")
}

// others says which operators take the place of one.
var others = map[token.Token]string{
	token.LSS: "<=", token.LEQ: "<", token.GTR: ">=", token.GEQ: ">", token.EQL: "!=", token.NEQ: "==",
	token.LAND: "||", token.LOR: "&&", token.ADD: "-", token.SUB: "+", token.MUL: "/", token.QUO: "*",
}

func (f *finder) visit(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.GenDecl:
		return n.Tok == token.VAR || n.Tok == token.CONST
	case *ast.IfStmt:
		f.wrap("never", n.Cond, "false && ")
		f.wrap("always", n.Cond, "true || ")
	case *ast.BinaryExpr:
		if other := others[n.Op]; other != "" {
			from := f.at(n.OpPos)
			f.add(n.Op.String()+" as "+other, n, edit{from, from + len(n.Op.String()), other})
		}
	case *ast.UnaryExpr:
		if n.Op == token.NOT {
			f.replace("without !", n, f.text(n.X))
		}
	case *ast.BasicLit:
		if value, err := strconv.ParseInt(n.Value, 0, 62); n.Kind == token.INT && err == nil {
			f.replace("one more", n, strconv.FormatInt(value+1, 10))
		}
	case *ast.Ident:
		if other := map[string]string{"true": "false", "false": "true"}[n.Name]; other != "" {
			f.replace("as "+other, n, other)
		}
	case *ast.BlockStmt:
		f.statements(n.List)
	case *ast.CaseClause:
		f.statements(n.Body)
	case *ast.CommClause:
		f.statements(n.Body)
	case *ast.CompositeLit:
		f.elements(n)
	case *ast.CallExpr:
		f.arguments(n)
	}
	return true
}

// statements drops each that can be dropped by itself. A lock is dropped with
// its release, by locks.
func (f *finder) statements(list []ast.Stmt) {
	for _, s := range list {
		switch s := s.(type) {
		case *ast.AssignStmt:
			if s.Tok != token.DEFINE {
				f.replace("dropped", s, "")
			}
		case *ast.ReturnStmt:
			if n := len(s.Results); n > 0 && f.text(s.Results[n-1]) == "err" {
				f.replace("error dropped", s.Results[n-1], "nil")
			}
		case *ast.ExprStmt, *ast.DeferStmt:
			if _, isLock := f.locked(s); !isLock {
				f.replace("dropped", s, "")
			}
		case *ast.IncDecStmt, *ast.GoStmt, *ast.SendStmt, *ast.BranchStmt:
			f.replace("dropped", s, "")
		}
	}
}

// locks drops each mutex of a function: taking and releasing it.
func (f *finder) locks(function *ast.FuncDecl) {
	var mutexes []string
	calls := map[string][]ast.Stmt{}
	ast.Inspect(function, func(n ast.Node) bool {
		s, ok := n.(ast.Stmt)
		if !ok {
			return true
		}
		if mutex, ok := f.locked(s); ok {
			if calls[mutex] == nil {
				mutexes = append(mutexes, mutex)
			}
			calls[mutex] = append(calls[mutex], s)
		}
		return true
	})
	for _, mutex := range mutexes {
		var edits []edit
		for _, s := range calls[mutex] {
			edits = append(edits, edit{f.at(s.Pos()), f.at(s.End()), ""})
		}
		f.add("lock left out", calls[mutex][0], edits...)
	}
}

// locked returns the mutex that a statement takes or releases.
func (f *finder) locked(s ast.Stmt) (mutex string, ok bool) {
	var call ast.Expr
	switch s := s.(type) {
	case *ast.ExprStmt:
		call = s.X
	case *ast.DeferStmt:
		call = s.Call
	}
	taken, ok := call.(*ast.CallExpr)
	if !ok {
		return "", false
	}
	method, ok := taken.Fun.(*ast.SelectorExpr)
	if !ok || !slices.Contains([]string{"Lock", "Unlock", "RLock", "RUnlock"}, method.Sel.Name) {
		return "", false
	}
	return f.text(method.X), true
}

// elements drops each field of a struct and each element of a list.
func (f *finder) elements(n *ast.CompositeLit) {
	for i, element := range n.Elts {
		to := f.at(n.Rbrace)
		if i+1 < len(n.Elts) {
			to = f.at(n.Elts[i+1].Pos())
		}
		f.add("element left out", element, edit{f.at(element.Pos()), to, ""})
	}
}

// arguments swaps each with the next, where both are names or fields.
func (f *finder) arguments(n *ast.CallExpr) {
	plain := func(e ast.Expr) bool {
		switch e.(type) {
		case *ast.Ident, *ast.SelectorExpr:
			return true
		}
		return false
	}
	for i := 1; i < len(n.Args); i++ {
		a, b := n.Args[i-1], n.Args[i]
		if plain(a) && plain(b) && f.text(a) != f.text(b) {
			f.add("swapped "+f.text(a)+" and "+f.text(b), n,
				edit{f.at(a.Pos()), f.at(a.End()), f.text(b)}, edit{f.at(b.Pos()), f.at(b.End()), f.text(a)})
		}
	}
}

// apply returns the source of the file with the mutant's change.
func (m mutant) apply() ([]byte, error) {
	source, err := os.ReadFile(m.file)
	if err != nil {
		return nil, err
	}
	edits := slices.Clone(m.edits)
	slices.SortFunc(edits, func(a, b edit) int { return b.from - a.from })
	for _, e := range edits {
		source = slices.Concat(source[:e.from], []byte(e.text), source[e.to:])
	}
	return source, nil
}

// overlay writes the changed file and the overlay that puts it in the place of the
// original, and returns the latter's name.
func (m mutant) overlay(directory string) (string, error) {
	source, err := m.apply()
	if err != nil {
		return "", err
	}
	original, err := filepath.Abs(m.file)
	if err != nil {
		return "", err
	}
	changed, overlay := filepath.Join(directory, "changed.go"), filepath.Join(directory, "overlay.json")
	text, err := json.Marshal(map[string]any{"Replace": map[string]string{original: changed}})
	if err != nil {
		return "", err
	}
	return overlay, errors.Join(os.WriteFile(changed, source, 0o600), os.WriteFile(overlay, text, 0o600))
}
