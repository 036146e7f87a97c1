// Package app puts the parts together: configuration, model, executable schema and rules become a running backend. It is the only
// package that knows all the others.
package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/projection"
	"github.com/daybook-cqrs/daybook/resolve"
	"github.com/daybook-cqrs/daybook/schema"
)

// Version is what Query.daybook answers.
const Version = "0.1.0"

// Definition is an application: what its own packages hold.
type Definition struct {
	Schema              fs.FS  // the model's files, in a folder `schema` or at the top
	Fingerprint         string // of what Graph was generated from: the model, which Schema has to have, the names of Reactions, and what Rules reach; unchecked if it is ""
	Graph               func(rt *resolve.Runtime, s *ast.Schema) graphql.ExecutableSchema
	API, Command, Query string // the generated contracts
	Rules               command.Rules
	Reactions           command.Reactions // in Go; those of the model are in Schema
	Projections         projection.Table  // in Go, for views without aggregates
	Example             string            // operations to try, shown in the playground
}

// Main runs an application with the process's arguments and environment until SIGINT or SIGTERM, and exits: 0 after an orderly end, 2 if configuration,
// model or a server that it needs are at fault, 1 for other failures.
func Main(def Definition) {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends what the first can't
	code := Do(ctx, def, os.Args[1:], os.Environ(), os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// Do is Main without the process: it runs until ctx ends and returns the exit code. A subcommand as the first argument is done instead.
func Do(ctx context.Context, def Definition, args, environ []string, stdout, stderr io.Writer) int {
	if len(args) > 0 {
		for _, c := range subcommands() {
			if c.name == args[0] {
				return c.run(ctx, def, invocation{args[1:], environ, stdout, stderr})
			}
		}
	}
	cfg, err := ParseConfig(args, environ, stdout)
	switch {
	case errors.Is(err, ErrHelp):
		return 0
	case err != nil:
		return explain(stderr, err)
	}
	model, err := schema.Load(def.Schema)
	if err != nil {
		return explain(stderr, err)
	}
	if err := def.check(model); err != nil {
		return explain(stderr, err)
	}
	logger := slog.New(slog.NewTextHandler(stderr, nil))
	redisLines.to.Store(logger)
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", cfg.Listen)
	if err != nil {
		return explain(stderr, fmt.Errorf("can't listen on %s: %w: choose another address with --listen or DAYBOOK_LISTEN", cfg.Listen, rootCause(err)))
	}
	parts, err := open(ctx, cfg, model, logger)
	if err != nil {
		if ctx.Err() != nil {
			logger.Info("stopped before it had started")
			ln.Close()
			return 0
		}
		return explain(stderr, errors.Join(err, ln.Close()))
	}
	defer parts.close()
	b, err := build(ctx, cfg, def, model, parts, logger)
	if err != nil {
		return explain(stderr, errors.Join(err, ln.Close()))
	}
	greet(stdout, ln.Addr(), cfg, def)
	if err := b.run(ctx, ln); err != nil {
		logger.Error("stopped", "error", err)
		return 1
	}
	logger.Info("stopped")
	return 0
}

// check compares the definition with what its code was generated from.
func (d *Definition) check(model *schema.Model) error {
	if d.Fingerprint == "" {
		return d.checkProjections(model)
	}
	want := strings.Fields(d.Fingerprint)
	if want[0] != model.Fingerprint() {
		return errStale
	}
	var got []string
	for _, r := range d.Reactions {
		got = append(got, r.Name)
	}
	slices.Sort(got)
	names := slices.DeleteFunc(want[1:], func(s string) bool { return strings.Contains(s, ">") })
	if !slices.Equal(names, got) {
		return fmt.Errorf("the program was given the reactions %v, and its package rules has %v: write Reactions: rules.Reactions() where Rules: rules.Table() is", got, names)
	}
	return d.checkProjections(model)
}

// checkProjections compares them with the views of the model.
func (d *Definition) checkProjections(model *schema.Model) error {
	if err := d.Projections.Check(model); err != nil {
		return fmt.Errorf("%s (and write Projections: rules.Projections() where Rules: rules.Table() is)", strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	return nil
}

// reaches returns which entities rules load or change beside their own, by command.
func (d *Definition) reaches() map[string][]string {
	out := map[string][]string{}
	for part := range strings.FieldsSeq(d.Fingerprint) {
		if name, entities, ok := strings.Cut(part, ">"); ok {
			out[name] = strings.Split(entities, ",")
		}
	}
	return out
}

var errStale = errors.New("the model in schema/ changed since the program's code was generated from it: run go generate ./... and build again")

// explain writes what is wrong, and returns the exit code for that.
func explain(stderr io.Writer, err error) int {
	fmt.Fprintln(stderr, "daybook:", err)
	return 2
}

// rootCause returns the innermost error, which says what the system said.
func rootCause(err error) error {
	for {
		inner := errors.Unwrap(err)
		if inner == nil {
			return err
		}
		err = inner
	}
}

func greet(out io.Writer, addr net.Addr, cfg *Config, def Definition) {
	fmt.Fprintf(out, "Daybook %s, roles %v\n", Version, cfg.Roles)
	fmt.Fprintf(out, "  playground  http://%s/playground\n", addr)
	if def.Example != "" && cfg.Has(RoleCommand) {
		fmt.Fprintf(out, "  try there   %s\n", firstLine(def.Example))
	}
}

func firstLine(s string) string {
	for i, c := range s {
		if c == '\n' {
			return s[:i]
		}
	}
	return s
}
