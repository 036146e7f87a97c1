package main

import (
	"bytes"
	"io"
	"strings"
	"testing"

	"github.com/daybook-cqrs/daybook/app"
	"github.com/daybook-cqrs/daybook/graph"
	"github.com/daybook-cqrs/daybook/schema"
)

func TestTheProgramIsGeneratedFromItsModel(t *testing.T) {
	m, err := schema.Load(model)
	if err != nil || m.Fingerprint() != graph.Fingerprint {
		t.Error("run go generate ./...", err)
	}
}

// TestAChangedModelDoesNotStart: whoever changes the model and forgets to generate learns it at once, in one line.
func TestAChangedModelDoesNotStart(t *testing.T) {
	changed := definition
	changed.Fingerprint = strings.Repeat("0", 32)
	var said bytes.Buffer
	code := app.Do(t.Context(), changed, []string{"--listen", "127.0.0.1:0", "--data", t.TempDir()}, nil, io.Discard, &said)
	if code != 2 || strings.Count(said.String(), "\n") != 1 || !strings.Contains(said.String(), "go generate ./...") {
		t.Errorf("%d %s", code, said.String())
	}
}
