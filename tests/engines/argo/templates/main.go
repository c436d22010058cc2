// Substitutes Argo Workflows template tags as the engine's v4 releases do, for mlpc's tests.
//
// Argo's own module could not be had from a Go module proxy, so this is a model of its template pass, written
// from a reading of it, on the same three libraries in the versions that Argo v4 pins: fasttemplate finds the
// tags, expr-lang/expr compiles and runs the expressions, sprig gives the functions. What an expression means
// is therefore the engine's; which tags a pass must resolve is modelled.
//
// A JSON job a line on stdin, a JSON answer a line on stdout:
//
//	{"document": any, "values": {name: text|null}, "strict": [root, ..]}  ->  {"result": any} or {"error": text}
//	{"expression": text, "values": ..}                                  ->  {"result": any} or {"error": text}
//	{"depends": text, "phases": {task: phase}}                          ->  {"result": bool} or {"error": text}
//
// The first substitutes one pass over the document, the second evaluates a bare expression (`valueFrom.expression`), the third the
// `depends` of a task.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"github.com/expr-lang/expr"
)

type job struct {
	Document   json.RawMessage   `json:"document"`
	Expression *string           `json:"expression"`
	Depends    *string           `json:"depends"`
	Phases     map[string]string `json:"phases"`
	Values     map[string]any    `json:"values"`
	Strict     []string          `json:"strict"`
}

type answer struct {
	Result json.RawMessage `json:"result,omitempty"`
	Error  string          `json:"error,omitempty"`
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 64<<20)
	out := bufio.NewWriter(os.Stdout)
	for lines.Scan() {
		line, err := json.Marshal(answerTo(lines.Bytes()))
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		out.Write(line)
		out.WriteByte('\n')
		// A driver may hold a dialogue, so each answer leaves at once.
		out.Flush()
	}
	if err := lines.Err(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func answerTo(line []byte) answer {
	var j job
	if err := json.Unmarshal(line, &j); err != nil {
		return answer{Error: "bad job: " + err.Error()}
	}
	var result []byte
	var err error
	if j.Depends != nil {
		var holds bool
		holds, err = dependsHolds(*j.Depends, j.Phases)
		if err == nil {
			result, err = json.Marshal(holds)
		}
	} else if j.Expression != nil {
		var value any
		value, err = evaluate(*j.Expression, environment(j.Values))
		if err == nil {
			result, err = json.Marshal(value)
		}
	} else {
		// The engine substitutes in the JSON that Go writes, where `<`, `>` and `&` are escaped.
		var text []byte
		text, err = reencode(j.Document)
		if err == nil {
			result, err = pass(string(text), j.Values, j.Strict)
		}
	}
	if err != nil {
		return answer{Error: err.Error()}
	}
	return answer{Result: result}
}

func reencode(document json.RawMessage) ([]byte, error) {
	decoder := json.NewDecoder(bytes.NewReader(document))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	return json.Marshal(value)
}

func evaluate(expression string, env map[string]any) (any, error) {
	program, err := expr.Compile(expression, expr.Env(env))
	if err != nil {
		return nil, err
	}
	return expr.Run(program, env)
}

// A task's name is a variable of the expression, so it has underscores there; each phase is a field of it.
func dependsHolds(depends string, phases map[string]string) (bool, error) {
	env := map[string]map[string]bool{}
	for task, phase := range phases {
		env[strings.ReplaceAll(task, "-", "_")] = map[string]bool{
			"Succeeded": phase == "Succeeded",
			"Failed":    phase == "Failed",
			"Errored":   phase == "Error",
			"Skipped":   phase == "Skipped",
			"Omitted":   phase == "Omitted",
		}
	}
	program, err := expr.Compile(strings.ReplaceAll(depends, "-", "_"), expr.Env(env), expr.AsBool())
	if err != nil {
		return false, err
	}
	holds, err := expr.Run(program, env)
	if err != nil {
		return false, err
	}
	return holds.(bool), nil
}
