package app

import (
	"context"
	"io"
)

// subcommand is what a program does, instead of running the backend, if its name is the first argument.
type subcommand struct {
	name, help string // help is the line that --help has for it
	run        func(ctx context.Context, def Definition, in invocation) int
}

// invocation is what a subcommand is given.
type invocation struct {
	args           []string // behind its name
	environ        []string
	stdout, stderr io.Writer
}

// subcommands returns all of them. Each returns the exit code as Do does.
func subcommands() []subcommand {
	return []subcommand{
		{"diagram", "prints what happens to the entities named behind it, or to all, for Mermaid", diagram},
		{"rebuild", "has the views named behind it built anew from the log", rebuild},
		{"explain", "says how the lists of a query are read, and by which index: see explain --help", runExplain},
		{"export", "writes events or documents as NDJSON or CSV: see export --help", runExport},
	}
}
