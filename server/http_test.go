package server

import (
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
)

func TestBodiesAreCheckedAndNeverRepeated(t *testing.T) {
	r := serve(t, nil)
	var std logs
	log.SetOutput(&std)
	defer log.SetOutput(os.Stderr)
	for name, body := range map[string]string{
		"cut off":           `{"query":"secret`,
		"a string":          `"secret"`,
		"a number":          `5`,
		"null":              `null`,
		"an array":          `[{"query":"secret"}]`,
		"empty":             ``,
		"spaces":            "  \n",
		"trailing":          `{"query":"{text(size:1)}"} secret`,
		"a query that is 5": `{"query":5,"variables":{"a":"secret"}}`,
		"a list of values":  `{"query":"{text(size:1)}","variables":["secret"]}`,
		"values as text":    `{"query":"{text(size:1)}","variables":"secret"}`,
		"extensions":        `{"query":"{text(size:1)}","extensions":"secret"}`,
		"a name that is 5":  `{"query":"{text(size:1)}","operationName":5}`,
		"not UTF-8":         "{\"query\":\"{text(size:1)}\",\"variables\":{\"a\":\"secret\xff\"}}",
	} {
		for _, accept := range []string{"application/json", "text/event-stream"} {
			status, text, _ := r.send("POST", "/graphql", body, "Accept", accept)
			if status != 400 || !strings.Contains(text, `"INVALID_INPUT"`) || strings.Contains(text, "secret") {
				t.Errorf("%s, %s: %d %s", name, accept, status, text)
			}
		}
	}
	for name, query := range map[string]string{
		"variables":  "query=%7Btext(size:1)%7D&variables=secret",
		"a list":     "query=%7Btext(size:1)%7D&variables=%5B%5D",
		"extensions": "query=%7Btext(size:1)%7D&extensions=secret",
		"an escape":  "query=%zz",
		"not UTF-8":  "query=%ff",
	} {
		status, text, _ := r.send("GET", "/graphql?"+query, "")
		if status != 400 || !strings.Contains(text, `"INVALID_INPUT"`) || strings.Contains(text, "secret") {
			t.Errorf("%s: %d %s", name, status, text)
		}
	}
	if all := r.log.String() + std.String(); strings.Contains(all, "secret") || std.String() != "" {
		t.Error(all)
	}
	status, text, _ := r.send("GET", "/graphql?query="+url.QueryEscape("{text(size:1)}")+"&variables="+url.QueryEscape(` {"a":1}`), "")
	if status != 200 {
		t.Errorf("%d %s", status, text)
	}
}

func TestWhatIsAStream(t *testing.T) {
	const q, sub = `{"query":"{text(size:1)}"}`, `{"query":"subscription{never}"}`
	for name, c := range map[string]struct {
		method, path, body, accept, contentType string
		status                                  int
		gives, want                             string
	}{
		"urql":                        {"POST", "/graphql", q, "application/graphql-response+json, application/graphql+json, application/json, text/event-stream, multipart/mixed", "", 200, "application/graphql-response+json", `"x"`},
		"urql's validation errors":    {"POST", "/graphql", `{"query":"{nope}"}`, "application/graphql-response+json, text/event-stream", "", 400, "application/graphql-response+json", "GRAPHQL_VALIDATION_FAILED"},
		"events only":                 {"POST", "/graphql", q, "text/event-stream", "", 200, "text/event-stream", "event: complete"},
		"events or anything":          {"POST", "/graphql", q, "text/event-stream, */*;q=0.1", "", 200, "text/event-stream", "event: complete"},
		"json only":                   {"POST", "/graphql", q, "application/json", "", 200, "application/json", `"x"`},
		"no accept":                   {"POST", "/graphql", q, "", "", 200, "application/json", `"x"`},
		"a subscription":              {"POST", "/graphql", sub, "", "", 406, "application/json", "use a WebSocket, or send Accept: text/event-stream"},
		"urql's subscription":         {"POST", "/graphql", sub, "application/json, text/event-stream", "", 406, "application/json", "INVALID_INPUT"},
		"a subscription by GET":       {"GET", "/graphql?query=subscription%7Bnever%7D", "", "", "", 406, "application/json", "INVALID_INPUT"},
		"a mutation by GET":           {"GET", "/graphql?query=mutation%7Bset(size:1)%7D", "", "", "", 405, "application/json", "INVALID_INPUT"},
		"EventSource":                 {"GET", "/graphql?query=subscription%7Bnever%7D", "", "text/event-stream", "", 405, "application/json", "EventSource"},
		"HEAD":                        {"HEAD", "/graphql", "", "", "", 405, "application/json", ""},
		"the response's content type": {"POST", "/graphql", q, "", "application/graphql-response+json", 415, "application/json", "INVALID_INPUT"},
		"events from a form":          {"POST", "/graphql", q, "text/event-stream", "text/plain", 415, "application/json", "INVALID_INPUT"},
		"no such operation":           {"POST", "/graphql", `{"query":"query A {text(size:1)}","operationName":"B"}`, "", "", 422, "application/json", "GRAPHQL_VALIDATION_FAILED"},
		"no GraphQL":                  {"POST", "/graphql", `{"query":"{{"}`, "", "", 422, "application/json", "GRAPHQL_PARSE_FAILED"},
	} {
		t.Run(name, func(t *testing.T) {
			r := serve(t, nil)
			var header []string
			if c.accept != "" {
				header = append(header, "Accept", c.accept)
			}
			if c.contentType != "" {
				header = append(header, "Content-Type", c.contentType)
			}
			status, body, h := r.send(c.method, c.path, c.body, header...)
			if status != c.status || h.Get("Content-Type") != c.gives || !strings.Contains(body, c.want) {
				t.Errorf("%d %s %s", status, h.Get("Content-Type"), body)
			}
		})
	}
}

func TestAnswersAreBounded(t *testing.T) {
	r := serve(t, func(c *Config) { c.Limits.Response = 1000 })
	for _, q := range []string{`{text(size:2000)}`, `mutation{set(size:2000)}`, `subscription{texts(size:2000)}`} {
		if strings.HasPrefix(q, "subscription") {
			r.dial(upgrade) // the same on streams
			m := r.socket("graphql-transport-ws").send(`{"type":"connection_init"}`).subscribe("1", q).next("next", "error")
			if !strings.Contains(string(m.Payload), `"TOO_MUCH"`) {
				t.Errorf("%+v", m)
			}
			continue
		}
		status, body, _ := r.send("POST", "/graphql", query(q))
		if status != 200 || !strings.Contains(body, `"TOO_MUCH"`) || strings.Contains(body, "xxx") || strings.Contains(q, "mutation") != strings.Contains(body, "are done") {
			t.Errorf("%d %s", status, body)
		}
	}
	r.stub.fails = &codedError{text: strings.Repeat("y", 2000)} // errors are not measured before: the connection ends
	resp, err := http.Post(r.url+"/graphql", "application/json", strings.NewReader(query(`{fails}`)))
	if err == nil {
		resp.Body.Close()
		t.Errorf("status %d", resp.StatusCode)
	}
	if !strings.Contains(r.log.String(), "a response was cut off") {
		t.Error(r.log)
	}
}

type codedError struct {
	text  string
	cause error
}

func (e *codedError) Error() string       { return e.text }
func (e *codedError) GraphQLCode() string { return "UNAVAILABLE" }
func (e *codedError) Unwrap() error       { return e.cause }
func (e *codedError) GraphQLExtensions() map[string]any {
	return map[string]any{"commandId": "c-1", "code": "ignored"}
}

func TestErrorsOfResolvers(t *testing.T) {
	r := serve(t, nil)
	for name, c := range map[string]struct {
		err         error
		shown, logs string
	}{
		"coded":   {&codedError{text: "not now"}, `"message":"not now","path":["fails"],"extensions":{"code":"UNAVAILABLE","commandId":"c-1"}`, ""},
		"wrapped": {fmt.Errorf("at 10.0.0.1: %w", &codedError{"not now", errors.New("dial 10.0.0.1")}), `"message":"not now"`, `level=WARN msg="a request failed" code=UNAVAILABLE error="not now" cause="dial 10.0.0.1"`},
		"unknown": {errors.New("dial 10.0.0.1"), `"code":"INTERNAL"`, "dial 10.0.0.1"},
	} {
		t.Run(name, func(t *testing.T) {
			r.stub.fails = c.err
			_, body, _ := r.send("POST", "/graphql", query(`{fails}`))
			if !strings.Contains(strings.ReplaceAll(body, `,"path":["fails"]`, ""), strings.ReplaceAll(c.shown, `,"path":["fails"]`, "")) || strings.Contains(body, "10.0.0.1") {
				t.Error(body)
			}
			if !strings.Contains(r.log.String(), c.logs) {
				t.Error(r.log)
			}
		})
	}
}
