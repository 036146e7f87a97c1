// Daybook's sample application: a store. See README.md.
package main

import (
	"embed"

	"github.com/daybook-cqrs/daybook/app"
	"github.com/daybook-cqrs/daybook/graph"
	"github.com/daybook-cqrs/daybook/rules"
)

//go:embed schema/*.graphql
var model embed.FS

//go:embed example.graphql
var example string

func main() {
	app.Main(app.Definition{
		Schema: model, Fingerprint: graph.Fingerprint, Graph: graph.New, API: graph.API, Command: graph.Command, Query: graph.Query, Rules: rules.Table(), Reactions: rules.Reactions(), Projections: rules.Projections(), Example: example,
	})
}
