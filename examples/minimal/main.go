// Minimal is the smallest application: one entity, without rules.
package main

import (
	"embed"

	"example.org/minimal/graph"
	"example.org/minimal/rules"

	"github.com/daybook-cqrs/daybook/app"
)

//go:embed schema/*.graphql
var model embed.FS

var todos = app.Definition{
	Schema: model, Fingerprint: graph.Fingerprint, Graph: graph.New, API: graph.API, Command: graph.Command, Query: graph.Query, Rules: rules.Table(), Reactions: rules.Reactions(), Projections: rules.Projections(),
	Example: `mutation { openTodo(id: "t1", title: "Read docs/design.md") { todo { id status } errors { message } } }`,
}

func main() { app.Main(todos) }
