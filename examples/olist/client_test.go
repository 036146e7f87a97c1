package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

// TestWhatMayPassIsSentAgain, as it was, so that the command's id is the same.
func TestWhatMayPassIsSentAgain(t *testing.T) {
	answers := []string{"", "no JSON", "INTERNAL", "TIMEOUT", "CANCELED", "UNAVAILABLE", "NOT_CONSOLIDATED"}
	var bodies []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		n := len(bodies)
		bodies = append(bodies, string(body))
		switch {
		case n == 0:
			panic(http.ErrAbortHandler) // the connection ends
		case n == 1:
			w.WriteHeader(http.StatusBadGateway)
			fmt.Fprint(w, answers[n])
		case n < len(answers):
			fmt.Fprintf(w, `{"data":null,"errors":[{"message":"not now","extensions":{"code":%q}}]}`, answers[n])
		default:
			fmt.Fprint(w, `{"data":{"m":{"receipt":{"position":"","duplicate":true}}}}`)
		}
	}))
	defer server.Close()
	var out struct {
		M struct{ Receipt struct{ Duplicate bool } }
	}
	err := newClient(server.URL, 1).do(t.Context(), "mutation", map[string]any{"command": map[string]any{"id": "olist:createOrder:o1"}}, &out)
	if err != nil || !out.M.Receipt.Duplicate || len(bodies) != len(answers)+1 {
		t.Fatalf("%v after %d requests", err, len(bodies))
	}
	if same := slices.Compact(bodies); len(same) != 1 || !strings.Contains(same[0], "olist:createOrder:o1") {
		t.Errorf("%q", same)
	}
}

func TestWhatWouldNotPassIsNotSentAgain(t *testing.T) {
	n := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		n++
		fmt.Fprint(w, `{"errors":[{"message":"no such field","extensions":{"code":"GRAPHQL_VALIDATION_FAILED"}}]}`)
	}))
	defer server.Close()
	if err := newClient(server.URL, 1).do(t.Context(), "{ x }", nil, &struct{}{}); err == nil || n != 1 || !strings.Contains(err.Error(), "no such field") {
		t.Errorf("%v after %d requests", err, n)
	}
}
