package gen

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/daybook-cqrs/daybook/schema"
)

const reachModel = `
type A @entity @crud { id: ID! }
type B @entity @crud { id: ID! n: Int }
type C @entity @crud { id: ID! }
type D @entity @crud { id: ID! }
extend type Mutation {
  one(id: ID!): A! @transition(emits: "One")
  two(id: ID!): A! @transition(emits: "Two")
  three(id: ID!): A! @transition(emits: "Three")
  four(id: ID!): A! @transition(emits: "Four")
  count(id: ID!, n: Int!): B! @transition(emits: "Counted")
}
`

const reachRules = `package rules

import (
	"github.com/daybook-cqrs/daybook/command"
	e "example.org/m/entity"
)

func One(c *command.Context, a *e.A, in e.One) error { return helper(c) }

func helper(c *command.Context) error {
	if _, err := e.LoadC(c, "x"); err != nil {
		return err
	}
	_, err := e.FindD(c, "x")
	return err
}

func Two(c *command.Context, a *e.A, in e.Two) error {
	in2 := e.Count{N: 2}
	_, err := in2.RunOn(c, "b")
	return err
}

func Count(c *command.Context, b *e.B, in e.Count) error { _, err := c.Load("D", "x"); return err }

func Three(c *command.Context, a *e.A, in e.Three) error {
	_, err := c.Run("createC", "", nil)
	return Four(c, a, e.Four{})
}

func Four(c *command.Context, a *e.A, in e.Four) error { return Three(c, a, e.Three{}) }

func OnOne(r *command.Reaction, a *e.A) error { e.Count{N: 1}.SendTo(r, "b"); return nil }
`

func TestWhatRulesReach(t *testing.T) {
	m, err := schema.Load(fstest.MapFS{"model.graphql": {Data: []byte(reachModel)}})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.go"), []byte(reachRules), 0o600); err != nil {
		t.Fatal(err)
	}
	found, _, err := readRules(dir, "example.org/m", m)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{"One": {"C", "D"}, "Two": {"B", "D"}, "Three": {"A", "C"}, "Four": {"A", "C"}, "Count": {"D"}, "OnOne": nil}
	for _, o := range found {
		if !slices.Equal(o.reaches, want[o.name]) {
			t.Errorf("%s reaches %v, not %v", o.name, o.reaches, want[o.name])
		}
		delete(want, o.name)
	}
	if len(want) > 0 {
		t.Errorf("not found: %v", want)
	}
}
