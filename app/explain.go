package app

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"

	"github.com/99designs/gqlgen/graphql"
	"github.com/99designs/gqlgen/graphql/executor"
	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/formatter"
	"github.com/vektah/gqlparser/v2/parser"

	"github.com/daybook-cqrs/daybook/query"
	"github.com/daybook-cqrs/daybook/resolve"
	"github.com/daybook-cqrs/daybook/schema"
)

// runExplain says how the lists of a query are read, and returns the exit code: 2 if configuration, model or store are at fault, 1 if the query is.
func runExplain(ctx context.Context, def Definition, in invocation) int {
	fail := func(err error) int { return explain(in.stderr, fmt.Errorf("explain: %w", err)) }
	cfg, rest, err := parse(flag.NewFlagSet("explain", flag.ContinueOnError), in.args, in.environ)
	switch {
	case errors.Is(err, ErrHelp):
		explainUsage(in.stdout)
		return 0
	case err != nil:
		return fail(err)
	case len(rest) != 1:
		fail(errors.New("give it one query, in quotes: explain 'orders(where: {status: {eq: PAID}}, first: 20)'"))
		return 1
	}
	model, err := schema.Load(def.Schema)
	if err == nil {
		err = def.check(model)
	}
	if err != nil {
		return fail(err)
	}
	visible, err := gqlparser.LoadSchema(&ast.Source{Name: "query.graphql", Input: def.Query})
	if err != nil {
		return fail(err)
	}
	text, err := completed(visible, rest[0])
	if err != nil {
		fail(err)
		return 1
	}
	store, err := existingDocuments(ctx, cfg, model)
	if err != nil {
		return fail(err)
	}
	defer store.Close() //nolint:errcheck // it was only read
	told := &explaining{Store: store, judge: query.New(query.Config{Model: model, Store: store, ScanLimit: cfg.ScanLimit}), model: model, limit: cfg.ScanLimit, out: in.stdout}
	rt := &resolve.Runtime{Model: model, Version: Version, Queries: query.New(query.Config{Model: model, Store: told, Loose: true})}
	if err := execute(ctx, def.Graph(rt, visible), text); err != nil {
		fail(err)
		return 1
	}
	if told.reads == 0 {
		fmt.Fprintln(in.stdout, "It reads no list: entities are read by their ids, as many at once as are asked for.")
	}
	return 0
}

func explainUsage(out io.Writer) {
	fmt.Fprintln(out, "explain 'orders(where: {status: {eq: PAID}}, orderBy: [{field: TOTAL}], first: 20)'")
	fmt.Fprintln(out)
	fmt.Fprintln(out, "says of each list in the query, those below others too, how it is understood, which index serves it, whether it is allowed at the present size,")
	fmt.Fprintln(out, "and how the store does it. It reads what the backend with the same flags and variables works on, running or not. Lists that are allowed are read.")
	fmt.Fprintln(out)
	fmt.Fprintln(out, "Where that is:")
	fmt.Fprintln(out)
	settingsUsage(out)
}

// completed makes a query of what somebody typed: braces around it may be left out, and what is wanted of what has fields.
func completed(visible *ast.Schema, text string) (string, error) {
	text = strings.TrimSpace(text)
	switch word := text[:len(text)-len(strings.TrimLeft(text, "abcdefghijklmnopqrstuvwxyz"))]; {
	case strings.HasPrefix(text, "{"), word == "query", word == "fragment", word == "mutation", word == "subscription":
	default:
		text = "{ " + text + " }"
	}
	doc, err := parser.ParseQuery(&ast.Source{Name: "query", Input: text})
	if err != nil {
		return "", err
	}
	if len(doc.Operations) != 1 || doc.Operations[0].Operation != ast.Query {
		return "", errors.New("it is not one query: leave out what else there is")
	}
	complete(visible, visible.Query, doc.Operations[0].SelectionSet)
	for _, f := range doc.Fragments {
		complete(visible, visible.Types[f.TypeCondition], f.SelectionSet)
	}
	var out strings.Builder
	formatter.NewFormatter(&out).FormatQueryDocument(doc)
	return out.String(), nil
}

// complete adds what is wanted where nothing is. What does not fit the schema stays: executing it says so. Fragments nest as deep as the parser allows.
func complete(visible *ast.Schema, of *ast.Definition, set ast.SelectionSet) {
	if of == nil {
		return
	}
	for _, s := range set {
		switch s := s.(type) {
		case *ast.InlineFragment:
			in := of
			if s.TypeCondition != "" {
				in = visible.Types[s.TypeCondition]
			}
			complete(visible, in, s.SelectionSet)
		case *ast.Field:
			f := of.Fields.ForName(s.Name)
			if f == nil {
				continue
			}
			t := visible.Types[f.Type.Name()]
			if t == nil || !t.IsCompositeType() {
				continue
			}
			if len(s.SelectionSet) == 0 {
				s.SelectionSet = wanted(t)
			}
			complete(visible, t, s.SelectionSet)
		}
	}
}

// wanted is the least that can be asked of a type: of a list its rows.
func wanted(t *ast.Definition) ast.SelectionSet {
	for _, name := range []string{"edges", "node", "id"} {
		if t.Fields.ForName(name) != nil {
			return ast.SelectionSet{&ast.Field{Name: name, Alias: name}}
		}
	}
	return ast.SelectionSet{&ast.Field{Name: "__typename", Alias: "__typename"}}
}

// execute runs a query. Its error is the first that it answers with, of one line.
func execute(ctx context.Context, es graphql.ExecutableSchema, text string) error {
	e := executor.New(es)
	ctx = graphql.StartOperationTrace(ctx)
	op, errs := e.CreateOperationContext(ctx, &graphql.RawParams{Query: text})
	if len(errs) == 0 {
		if err := resolve.Begin(ctx, op); err != nil {
			return err
		}
		respond, inner := e.DispatchOperation(ctx, op)
		errs = respond(inner).Errors
	}
	if len(errs) > 0 {
		text := strings.ReplaceAll(errs[0].Message, "\n", " ")
		if strings.Contains(text, "no such table") {
			text += ": the backend has not been started yet with this program and model"
		}
		return errors.New(text)
	}
	return nil
}
