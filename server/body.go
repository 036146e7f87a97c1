package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"unicode/utf8"
)

// What gqlgen says of a body that it can't decode has the body in it, and it logs it: bodies are checked before. No text from here repeats any of it.

// object is a JSON object or null of which only the kind matters.
type object struct{}

var errNoObject = errors.New("not an object")

// UnmarshalJSON implements json.Unmarshaler.
func (*object) UnmarshalJSON(b []byte) error {
	if b[0] != '{' && !bytes.Equal(b, []byte("null")) {
		return errNoObject
	}
	return nil
}

// parameters have the shape of a GraphQL request. The names are looked for as gqlgen does.
type parameters struct {
	Query         string `json:"query"`
	OperationName string `json:"operationName"`
	Variables     object `json:"variables"`
	Extensions    object `json:"extensions"`
}

// checkRequest says what is wrong with a request's JSON, "" for nothing.
func checkRequest(b []byte) string {
	if !utf8.Valid(b) {
		return "the request is not valid UTF-8"
	}
	b = bytes.TrimLeft(b, " \t\r\n")
	switch {
	case len(b) == 0:
		return `the request is empty: send a JSON object, {"query": …}`
	case b[0] == '[':
		return `the request is a JSON array: send one object, {"query": …}; several operations are several requests`
	}
	var (
		p      parameters
		syntax *json.SyntaxError
		kind   *json.UnmarshalTypeError
	)
	switch err := json.Unmarshal(b, &p); {
	case err == nil && b[0] == '{':
		return ""
	case errors.As(err, &syntax):
		return fmt.Sprintf("the request is not JSON: see its byte %d", syntax.Offset)
	case errors.As(err, &kind) && kind.Field != "":
		return kind.Field + " has to be a string"
	case errors.Is(err, errNoObject):
		return "variables and extensions have to be objects"
	}
	return `the request is no JSON object: send {"query": …}`
}

// checkedBody reads the body and checks it, and lets what follows read it again. It reports whether the request goes on.
func (s *Server) checkedBody(w http.ResponseWriter, r *http.Request) bool {
	limit := s.cfg.Limits.Body
	var tooLarge *http.MaxBytesError
	b, err := read(http.MaxBytesReader(w, r.Body, limit), min(r.ContentLength, limit+1))
	switch {
	case r.ContentLength > limit || errors.As(err, &tooLarge):
		refuse(w, http.StatusRequestEntityTooLarge, "TOO_MUCH", fmt.Sprintf("a request has at most %d bytes", limit))
		return false
	case err != nil:
		refuse(w, http.StatusBadRequest, "INVALID_INPUT", "the request did not come whole")
		return false
	}
	if wrong := checkRequest(b); wrong != "" {
		refuse(w, http.StatusBadRequest, "INVALID_INPUT", wrong)
		return false
	}
	r.Body = io.NopCloser(bytes.NewReader(b))
	return true
}

func read(r io.Reader, size int64) ([]byte, error) {
	var b bytes.Buffer
	if size > 0 {
		b.Grow(int(size) + bytes.MinRead)
	}
	_, err := b.ReadFrom(r)
	return b.Bytes(), err
}

// checkedQuery checks what a GET request has in its URL. It reports whether the request goes on.
func checkedQuery(w http.ResponseWriter, r *http.Request) bool {
	wrong := ""
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		wrong = "the URL's query can't be decoded"
	}
	for name, all := range values {
		for _, v := range all {
			if !utf8.ValidString(v) || !utf8.ValidString(name) {
				wrong = "the URL's query is not valid UTF-8"
			}
		}
	}
	for _, name := range []string{"variables", "extensions"} {
		if v := values.Get(name); v != "" && json.Unmarshal([]byte(v), &object{}) != nil {
			wrong = name + " has to be a JSON object"
		}
	}
	if wrong == "" {
		return true
	}
	refuse(w, http.StatusBadRequest, "INVALID_INPUT", wrong)
	return false
}
