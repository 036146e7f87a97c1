package app

import (
	"context"
	"fmt"
	"strings"

	"github.com/daybook-cqrs/daybook/schema"
)

// diagram prints the diagrams of the entities named in the arguments, of all if none is named, and returns the exit code. It needs the model and nothing else.
func diagram(_ context.Context, def Definition, in invocation) int {
	model, err := schema.Load(def.Schema)
	if err != nil {
		return explain(in.stderr, err)
	}
	entities := model.Entities
	if len(in.args) > 0 {
		if entities, err = named(model, in.args); err != nil {
			return explain(in.stderr, fmt.Errorf("diagram: %w", err))
		}
	}
	for i, e := range entities {
		if i > 0 {
			fmt.Fprintln(in.stdout)
		}
		if len(entities) > 1 {
			fmt.Fprintf(in.stdout, "%%%% %s\n", e.Name)
		}
		fmt.Fprint(in.stdout, e.Mermaid())
	}
	return 0
}

// named returns the entities of these names.
func named(model *schema.Model, names []string) ([]*schema.Entity, error) {
	var out []*schema.Entity
	for _, name := range names {
		e := model.Entity(name)
		if e == nil {
			var all []string
			for _, e := range model.Entities {
				all = append(all, e.Name)
			}
			return nil, fmt.Errorf("the model has no entity %q: name one of %s", name, strings.Join(all, ", "))
		}
		out = append(out, e)
	}
	return out, nil
}
