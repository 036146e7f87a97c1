package app

import (
	"context"
	"fmt"
	"log/slog"
	"net"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"
	"golang.org/x/sync/errgroup"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/consolidator"
	"github.com/daybook-cqrs/daybook/query"
	"github.com/daybook-cqrs/daybook/reactor"
	"github.com/daybook-cqrs/daybook/resolve"
	"github.com/daybook-cqrs/daybook/schema"
	"github.com/daybook-cqrs/daybook/server"
)

// backend is what a process runs. What its roles do not need is nil.
type backend struct {
	server       *server.Server
	queries      *query.Engine
	consolidator *consolidator.Consolidator
	reactor      *reactor.Reactor
}

func build(ctx context.Context, cfg *Config, def Definition, model *schema.Model, p *parts, logger *slog.Logger) (*backend, error) {
	b := &backend{}
	rt := &resolve.Runtime{Model: model, Version: Version}
	if cfg.Has(RoleCommand) || cfg.Has(RoleReactor) {
		commands, err := command.New(command.Config{
			Model: model, Log: p.log, Rules: def.Rules, Reactions: def.Reactions, AllowImport: cfg.AllowImport, KeepRejected: cfg.KeepRejected, Logger: logger,
			Reaches: def.reaches(),
		})
		if err != nil {
			return nil, err
		}
		if cfg.Has(RoleCommand) {
			rt.Commands = commands
		}
		if err := b.react(ctx, cfg, def, model, p, commands, logger); err != nil {
			return nil, err
		}
	}
	if cfg.RedisURL == "" && !cfg.Has(RoleReactor) {
		logger.Warn("nothing runs reactions, timeouts and scheduled commands: add reactor to --roles")
	}
	if cfg.Has(RoleQuery) {
		b.queries = query.New(query.Config{Model: model, Store: p.store, Feed: p.feed, Partitions: p.partitions, WaitBound: cfg.MaxWait, ScanLimit: cfg.ScanLimit, Logger: logger})
		rt.Queries = b.queries
	}
	if cfg.Has(RoleConsolidator) {
		b.consolidator = consolidator.New(model, p.log, p.store, p.feed, consolidator.Options{Projections: def.Projections, Logger: logger})
	}
	var err error
	b.server, err = server.New(server.Config{
		Graph: func(s *ast.Schema) graphql.ExecutableSchema { return def.Graph(rt, s) },
		API:   def.API, Command: def.Command, Query: def.Query,
		Writes: cfg.Has(RoleCommand), Reads: cfg.Has(RoleQuery),
		Ready: func(ctx context.Context) map[string]error { return b.ready(ctx, p) }, Example: def.Example, Logger: logger, Origins: cfg.Origins,
		ActorHeader: cfg.ActorHeader,
	})
	return b, err
}

// react makes the reactor, if the process has that role. Where new reactions begin is written down by whoever takes commands too, before the first.
func (b *backend) react(ctx context.Context, cfg *Config, def Definition, model *schema.Model, p *parts, commands *command.Engine, logger *slog.Logger) error {
	all, err := def.Reactions.All(model)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, openBound)
	defer cancel()
	if err := reactor.Register(ctx, p.log, all, false); err != nil {
		return fmt.Errorf("where the model's reactions begin can't be kept in the log: %w", err)
	}
	if !cfg.Has(RoleReactor) {
		return nil
	}
	c := reactor.Config{Model: model, Log: p.log, Commands: commands, Reactions: def.Reactions, Logger: logger}
	if p.store != nil {
		c.Archive = &archive{log: p.log, store: p.store}
	}
	b.reactor, err = reactor.New(c)
	return err
}

func (b *backend) ready(ctx context.Context, p *parts) map[string]error {
	out := p.ready(ctx)
	if b.consolidator != nil {
		if err := b.consolidator.Health(); err != nil {
			out["consolidator"] = err
		}
	}
	if b.reactor != nil {
		if err := b.reactor.Health(); err != nil {
			out["reactor"] = err
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
	if b.reactor != nil {
		g.Go(func() error { return b.reactor.Run(ctx) })
	}
	return g.Wait()
}
