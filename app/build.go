package app

import (
	"context"
	"log/slog"
	"net"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"golang.org/x/sync/errgroup"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/consolidator"
	"github.com/daybook-cqrs/daybook/query"
	"github.com/daybook-cqrs/daybook/resolve"
	"github.com/daybook-cqrs/daybook/schema"
	"github.com/daybook-cqrs/daybook/server"
)

// backend is what a process runs. What its roles do not need is nil.
type backend struct {
	server       *server.Server
	queries      *query.Engine
	consolidator *consolidator.Consolidator
}

func build(cfg *Config, def Definition, model *schema.Model, p *parts, logger *slog.Logger) (*backend, error) {
	b := &backend{}
	rt := &resolve.Runtime{Model: model, Version: Version}
	if cfg.Has(RoleCommand) {
		commands, err := command.New(command.Config{
			Model: model, Log: p.log, Rules: def.Rules, AllowImport: cfg.AllowImport, KeepRejected: cfg.KeepRejected, Logger: logger,
		})
		if err != nil {
			return nil, err
		}
		rt.Commands = commands
	}
	if cfg.Has(RoleQuery) {
		b.queries = query.New(query.Config{Model: model, Store: p.store, Feed: p.feed, Logger: logger})
		rt.Queries = b.queries
	}
	if cfg.Has(RoleConsolidator) {
		b.consolidator = consolidator.New(model, p.log, p.store, p.feed, consolidator.Options{Logger: logger})
	}
	var err error
	b.server, err = server.New(server.Config{
		Graph: func(s *ast.Schema) graphql.ExecutableSchema { return def.Graph(rt, s) },
		API:   def.API, Command: def.Command, Query: def.Query,
		Writes: cfg.Has(RoleCommand), Reads: cfg.Has(RoleQuery),
		Ready: func(ctx context.Context) map[string]error { return b.ready(ctx, p) }, Example: def.Example, Logger: logger, Origins: cfg.Origins,
	})
	return b, err
}

func (b *backend) ready(ctx context.Context, p *parts) map[string]error {
	out := p.ready(ctx)
	if b.consolidator != nil {
		if err := b.consolidator.Health(); err != nil {
			out["consolidator"] = err
		}
	}
	return out
}

// run runs everything until ctx ends or a part fails.
func (b *backend) run(ctx context.Context, ln net.Listener) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return b.server.Serve(ctx, ln) })
	if b.queries != nil {
		g.Go(func() error { return b.queries.Run(ctx) })
	}
	if b.consolidator != nil {
		g.Go(func() error { return b.consolidator.Run(ctx) })
	}
	return g.Wait()
}
