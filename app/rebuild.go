package app

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/daybook-cqrs/daybook/query"
	"github.com/daybook-cqrs/daybook/schema"
)

// rebuild has the views named in the arguments built anew when a consolidator starts next, and returns the exit code.
func rebuild(ctx context.Context, def Definition, in invocation) int {
	err := rebuildViews(ctx, def, in)
	switch {
	case errors.Is(err, ErrHelp):
		fmt.Fprintln(in.stdout, "Usage: rebuild VIEW…, while no process with the role consolidator runs. What is stored of these views is forgotten;")
		fmt.Fprintln(in.stdout, "the consolidator builds them again from the log when it starts, and until then queries of them get NOT_CONSOLIDATED.")
		fmt.Fprintln(in.stdout)
		settingsUsage(in.stdout)
		return 0
	case err != nil:
		return explain(in.stderr, fmt.Errorf("rebuild: %w", err))
	}
	return 0
}

func rebuildViews(ctx context.Context, def Definition, in invocation) error {
	cfg, names, err := parse(flag.NewFlagSet("rebuild", flag.ContinueOnError), in.args, in.environ)
	if err != nil {
		return err
	}
	model, err := schema.Load(def.Schema)
	if err != nil {
		return err
	}
	views, err := viewsNamed(model, names)
	if err != nil {
		return err
	}
	if cfg.MongoURI == "" {
		lock, err := lockData(cfg.Data)
		if err != nil {
			return err
		}
		defer lock.Close()
	}
	store, err := openStore(ctx, cfg, model, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	if err := store.Setup(ctx); err != nil {
		return fmt.Errorf("set up the documents: %w", err)
	}
	for _, v := range views {
		if err := store.SetViewReady(ctx, v.Name, false); err != nil {
			return err
		}
	}
	select {
	case <-time.After(query.ViewsReadyFor): // until then processes may read them
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	for _, v := range views {
		if err := store.DropView(ctx, v.Name); err != nil {
			return err
		}
		fmt.Fprintf(in.stdout, "%s will be built anew\n", v.Name)
	}
	return nil
}

// viewsNamed returns the views of these names.
func viewsNamed(model *schema.Model, names []string) ([]*schema.Entity, error) {
	var all []string
	for _, v := range model.Views {
		all = append(all, v.Name)
	}
	if len(all) == 0 {
		return nil, errors.New("the model has no views")
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("name one of the views %s", strings.Join(all, ", "))
	}
	var out []*schema.Entity
	for _, name := range names {
		v := model.View(name)
		if v == nil {
			return nil, fmt.Errorf("the model has no view %q: name one of %s", name, strings.Join(all, ", "))
		}
		out = append(out, v)
	}
	return out, nil
}
