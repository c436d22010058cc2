package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/Masterminds/sprig/v3"
	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/builtin"
	"github.com/expr-lang/expr/parser"
	"github.com/valyala/fasttemplate"
)

// Roots that an expression must not read as absent before their time has come: it stays as it is until a later pass knows them.
var late = []string{"item", "retries", "lastRetry.exitCode", "lastRetry.status", "lastRetry.duration",
	"lastRetry.message", "workflow.status", "workflow.failures"}

// pass replaces every tag of a JSON text that values can resolve. A tag whose root is strict must resolve.
func pass(text string, values map[string]any, strict []string) ([]byte, error) {
	template, err := fasttemplate.NewTemplate(text, "{{", "}}")
	if err != nil {
		return nil, err
	}
	env := environment(values)
	var out strings.Builder
	_, err = template.ExecuteFunc(&out, func(w io.Writer, tag string) (int, error) {
		var replacement string
		var err error
		if expression, found := strings.CutPrefix(tag, "="); found {
			replacement, err = expressionTag(expression, env, strict)
		} else {
			replacement, err = simpleTag(tag, values, strict)
		}
		if err != nil {
			return 0, err
		}
		return io.WriteString(w, replacement)
	})
	if err != nil {
		return nil, err
	}
	if !json.Valid([]byte(out.String())) {
		return nil, errors.New("the result was invalid JSON")
	}
	return []byte(out.String()), nil
}

func simpleTag(tag string, values map[string]any, strict []string) (string, error) {
	name := strings.TrimSpace(tag)
	if value, found := values[name]; found {
		text, isText := value.(string)
		if !isText {
			return "", fmt.Errorf("failed to resolve {{%s}} to string", tag)
		}
		return goQuoted(text), nil
	}
	// `{{outer {{inner}}`: fasttemplate's tag begins at the first braces, the engine tries the last ones.
	if at := strings.LastIndex(tag, "{{"); at > 0 {
		if text, isText := values[tag[at+2:]].(string); isText {
			return "{{" + tag[:at] + goQuoted(text), nil
		}
	}
	if isStrict(name, strict) && !strings.Contains(name, ".outputs.artifacts.") {
		return "", fmt.Errorf("failed to resolve {{%s}}", tag)
	}
	return "{{" + tag + "}}", nil
}

func expressionTag(escaped string, env map[string]any, strict []string) (string, error) {
	// The tag stands inside a JSON string.
	var expression string
	if err := json.Unmarshal([]byte(`"`+escaped+`"`), &expression); err != nil {
		return "", fmt.Errorf("the expression is no JSON text: %w", err)
	}
	unchanged := "{{=" + escaped + "}}"
	missing := false
	if tree, err := parser.Parse(expression); err == nil {
		names := &references{}
		ast.Walk(&tree.Node, names)
		for _, name := range names.paths {
			if known(env, name) {
				continue
			}
			if isStrict(name, strict) {
				return "", fmt.Errorf("failed to evaluate expression: %s is missing", name)
			}
			missing = true
			if slices.Contains(late, name) {
				return unchanged, nil
			}
		}
	}
	value, err := evaluate(expression, env)
	if missing && (err != nil || value == nil) {
		return unchanged, nil
	}
	if err != nil {
		return "", fmt.Errorf("failed to evaluate expression: %w", err)
	}
	if value == nil {
		return "", fmt.Errorf("failed to evaluate expression %q", expression)
	}
	result, err := json.Marshal(value)
	if err != nil {
		return "", err
	}
	if _, isText := value.(string); isText {
		return string(result[1 : len(result)-1]), nil
	}
	return goQuoted(string(result)), nil
}

// The dotted paths that an expression reads.
type references struct{ paths []string }

func (r *references) Visit(node *ast.Node) {
	switch n := (*node).(type) {
	case *ast.IdentifierNode:
		r.paths = append(r.paths, n.Value)
	case *ast.MemberNode:
		var parts []string
		for current := n; ; {
			property, isText := current.Property.(*ast.StringNode)
			if !isText {
				return
			}
			parts = append(parts, property.Value)
			if root, isName := current.Node.(*ast.IdentifierNode); isName {
				parts = append(parts, root.Value)
				break
			}
			next, isMember := current.Node.(*ast.MemberNode)
			if !isMember {
				return
			}
			current = next
		}
		slices.Reverse(parts)
		r.paths = append(r.paths, strings.Join(parts, "."))
	}
}

func known(env map[string]any, path string) bool {
	var current any = env
	for part := range strings.SplitSeq(path, ".") {
		level, isMap := current.(map[string]any)
		if !isMap {
			return false
		}
		next, found := level[part]
		if !found {
			return false
		}
		current = next
	}
	return true
}

func isStrict(name string, strict []string) bool {
	root, _, _ := strings.Cut(name, ".")
	return slices.Contains(strict, root)
}

// What Go's quoting makes of a text, without the quotes. It is not always JSON: `\x01` is what makes a pass fail.
func goQuoted(text string) string {
	quoted := strconv.Quote(text)
	return quoted[1 : len(quoted)-1]
}

var functions = func() map[string]any {
	all := sprig.GenericFuncMap()
	delete(all, "env")
	delete(all, "expandenv")
	return all
}()

// environment nests dotted names and adds the functions that the engine gives expressions.
func environment(values map[string]any) map[string]any {
	env := map[string]any{}
	for name, value := range values {
		parts := strings.Split(name, ".")
		level := env
		for _, part := range parts[:len(parts)-1] {
			next, isMap := level[part].(map[string]any)
			if !isMap {
				next = map[string]any{}
				level[part] = next
			}
			level = next
		}
		level[parts[len(parts)-1]] = value
	}
	env["asInt"] = builtin.Int
	env["asFloat"] = builtin.Float
	env["toJson"] = func(value any) string {
		text, err := json.Marshal(value)
		if err != nil {
			panic(err)
		}
		return string(text)
	}
	env["sprig"] = functions
	return env
}
