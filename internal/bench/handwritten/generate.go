//go:build ignore

// Generate writes graph_gen.go: what `gqlgen generate` would, without gqlgen's command and what that depends on.
package main

import (
	"log"

	"github.com/99designs/gqlgen/api"
	"github.com/99designs/gqlgen/codegen/config"
)

func main() {
	cfg := config.DefaultConfig()
	cfg.SchemaFilename = config.StringList{"schema.graphql"}
	cfg.Exec = config.ExecConfig{Filename: "graph_gen.go", Package: "handwritten", Layout: config.ExecLayoutSingleFile}
	cfg.AutoBind = []string{"github.com/daybook-cqrs/daybook/internal/bench/handwritten"}
	cfg.SkipModTidy, cfg.SkipValidation = true, true
	if err := config.CompleteConfig(cfg); err != nil {
		log.Fatal(err)
	}
	if err := api.Generate(cfg, api.NoPlugins()); err != nil {
		log.Fatal(err)
	}
}
