package main

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/daybook-cqrs/daybook/app"
	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/graph"
	"github.com/daybook-cqrs/daybook/schema"
)

func TestTheProgramIsGeneratedFromItsModel(t *testing.T) {
	m, err := schema.Load(model)
	if err != nil || m.Fingerprint() != strings.Fields(graph.Fingerprint)[0] {
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

// TestReactionsThatAreNotHandedOverDoNotStart: else they would never run, and nobody would be told.
func TestReactionsThatAreNotHandedOverDoNotStart(t *testing.T) {
	without := definition
	without.Reactions = nil
	var said bytes.Buffer
	code := app.Do(t.Context(), without, []string{"--listen", "127.0.0.1:0", "--data", t.TempDir()}, nil, io.Discard, &said)
	if code != 2 || strings.Count(said.String(), "\n") != 1 || !strings.Contains(said.String(), "[OnOrderCanceled]: write Reactions: rules.Reactions()") {
		t.Errorf("%d %s", code, said.String())
	}
}

// TestProjectionsThatAreNotHandedOverDoNotStart: nothing would make their views.
func TestProjectionsThatAreNotHandedOverDoNotStart(t *testing.T) {
	without := definition
	without.Projections = nil
	var said bytes.Buffer
	code := app.Do(t.Context(), without, []string{"--listen", "127.0.0.1:0", "--data", t.TempDir()}, nil, io.Discard, &said)
	if code != 2 || strings.Count(said.String(), "\n") != 1 || !strings.Contains(said.String(), "ProjectCustomerActivityFromOrder in package rules") ||
		!strings.Contains(said.String(), "write Projections: rules.Projections()") {
		t.Errorf("%d %s", code, said.String())
	}
}

// TestCodesAreTheAPIs: a code that the enum lacks would fail the answer, one that only the enum has would never come.
func TestCodesAreTheAPIs(t *testing.T) {
	api, err := gqlparser.LoadSchema(&ast.Source{Input: graph.API})
	if err != nil {
		t.Fatal(err)
	}
	var names []command.Code
	for _, v := range api.Types["CommandErrorCode"].EnumValues {
		names = append(names, command.Code(v.Name))
	}
	if !slices.Equal(names, command.Codes()) {
		t.Errorf("the API has %v, the runtime %v", names, command.Codes())
	}
}
