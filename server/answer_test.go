package server

import (
	"encoding/json"
	"testing"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// TestAnswersAsMade: what is sent as it was made is what encoding/json would have written.
func TestAnswersAsMade(t *testing.T) {
	for name, c := range map[string]struct {
		response *graphql.Response
		asMade   bool
	}{
		"data":                  {&graphql.Response{Data: []byte(`{"a":"é\n\\","b":[1,null]}`)}, true},
		"null":                  {&graphql.Response{Data: []byte(`null`)}, true},
		"no extensions":         {&graphql.Response{Data: []byte(`{}`), Extensions: map[string]any{}}, true},
		"extensions":            {&graphql.Response{Data: []byte(`{}`), Extensions: map[string]any{"position": "<A>", "b": 1}}, true},
		"impossible extensions": {&graphql.Response{Data: []byte(`{}`), Extensions: map[string]any{"f": func() {}}}, false},
		"less":                  {&graphql.Response{Data: []byte(`{"a":"<"}`)}, false},
		"greater":               {&graphql.Response{Data: []byte(`{"a":">"}`)}, false},
		"ampersand":             {&graphql.Response{Data: []byte(`{"a":"&"}`)}, false},
		"line separator":        {&graphql.Response{Data: []byte("{\"a\":\"\u2028\"}")}, false},
		"paragraph separator":   {&graphql.Response{Data: []byte("{\"a\":\"\u2029\"}")}, false},
		"errors":                {&graphql.Response{Data: []byte(`{}`), Errors: gqlerror.List{{Message: "no"}}}, false},
		"errors alone":          {&graphql.Response{Errors: gqlerror.List{{Message: "no"}}}, false},
		"a part":                {&graphql.Response{Data: []byte(`{}`), HasNext: new(true)}, false},
		"a part with a label":   {&graphql.Response{Data: []byte(`{}`), Label: "l"}, false},
		"a part with a path":    {&graphql.Response{Data: []byte(`{}`), Path: ast.Path{ast.PathName("a")}}, false},
		"nothing":               {nil, false},
	} {
		text := asMade(c.response)
		if (text != nil) != c.asMade {
			t.Errorf("%s: as made: %s", name, text)
		}
		if want, err := json.Marshal(c.response); text != nil && (err != nil || string(want) != string(text)) {
			t.Errorf("%s: %s, want %s (%v)", name, text, want, err)
		}
	}
}

// TestAnswersAreSentOnce by either method, with the type that the client accepts.
func TestAnswersAreSentOnce(t *testing.T) {
	r := serve(t, nil)
	for method, c := range map[string]struct{ path, body string }{
		"POST": {"/graphql", `{"query":"{text(size:3)}"}`},
		"GET":  {"/graphql?query=%7Btext(size:3)%7D", ""},
	} {
		for _, accept := range []string{"application/json", "application/graphql-response+json"} {
			status, body, header := r.send(method, c.path, c.body, "Accept", accept)
			if status != 200 || body != `{"data":{"text":"xxx"}}` || header.Get("Content-Type") != accept {
				t.Errorf("%s %s: %d %s %v", method, accept, status, body, header)
			}
		}
	}
	if status, body, _ := r.send("POST", "/graphql", `{"query":"{fails}"}`); status != 200 || !json.Valid([]byte(body)) {
		t.Errorf("%d %s", status, body)
	}
}
