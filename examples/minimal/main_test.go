package main

import (
	"bufio"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/daybook-cqrs/daybook/app"
	"github.com/daybook-cqrs/daybook/schema"

	"example.org/minimal/entity"
)

func TestTheModel(t *testing.T) {
	m, err := schema.Load(model)
	if err != nil {
		t.Fatal(err)
	}
	if c := m.Command("finishTodo"); c == nil || c.To != string(entity.TodoStatusDone) {
		t.Errorf("finishTodo is %+v", c)
	}
}

// TestItRuns starts the application as main does, does something and reads it back.
func TestItRuns(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	out, in := io.Pipe()
	var logs strings.Builder
	ended := make(chan int, 1)
	go func() {
		ended <- app.Do(ctx, todos, []string{"--listen", "127.0.0.1:0", "--data", t.TempDir()}, nil, in, &logs)
		in.Close()
	}()
	url := ""
	for lines := bufio.NewScanner(out); url == "" && lines.Scan(); {
		if m := regexp.MustCompile(`(http://\S+)/playground`).FindStringSubmatch(lines.Text()); m != nil {
			url = m[1]
		}
	}
	if url == "" {
		t.Fatalf("it did not start: exit code %d\n%s", <-ended, &logs)
	}
	go io.Copy(io.Discard, out) //nolint:errcheck // ends with the pipe
	opened := post(t, url, strings.Replace(todos.Example, "errors", "receipt { position } errors", 1))
	todo := opened["openTodo"].(map[string]any)
	if errors := todo["errors"].([]any); len(errors) > 0 {
		t.Error(errors)
	}
	position := todo["receipt"].(map[string]any)["position"].(string)
	read := post(t, url, `{ todo(id: "t1", atLeast: "`+position+`") { status title } }`)
	if got := read["todo"].(map[string]any); got["status"] != string(entity.TodoStatusOpen) || got["title"] != "Read docs/design.md" {
		t.Error(got)
	}
	stop()
	if code := <-ended; code != 0 {
		t.Errorf("exit code %d\n%s", code, &logs)
	}
}

// post returns what an operation answers.
func post(t *testing.T, url, query string) map[string]any {
	t.Helper()
	body, err := json.Marshal(map[string]string{"query": query})
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post(url+"/graphql", "application/json", strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct {
		Data   map[string]any
		Errors []any
	}
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || len(answer.Errors) > 0 {
		t.Fatal(err, answer.Errors)
	}
	return answer.Data
}
