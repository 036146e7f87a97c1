package app

import (
	"fmt"
	"io"
	"strings"

	"github.com/daybook-cqrs/daybook/schema"
)

// diagram prints the diagrams of the named entities, of all if none is named, and returns the exit code. It needs the model and nothing else.
func diagram(def Definition, names []string, stdout, stderr io.Writer) int {
	model, err := schema.Load(def.Schema)
	if err != nil {
		return explain(stderr, err)
	}
	entities := model.Entities
	if len(names) > 0 {
		if entities, err = named(model, names); err != nil {
			return explain(stderr, err)
		}
	}
	for i, e := range entities {
		if i > 0 {
			fmt.Fprintln(stdout)
		}
		if len(entities) > 1 {
			fmt.Fprintf(stdout, "%%%% %s\n", e.Name)
		}
		fmt.Fprint(stdout, e.Mermaid())
	}
	return 0
}

func named(model *schema.Model, names []string) ([]*schema.Entity, error) {
	var out []*schema.Entity
	for _, name := range names {
		e := model.Entity(name)
		if e == nil {
			var all []string
			for _, e := range model.Entities {
				all = append(all, e.Name)
			}
			return nil, fmt.Errorf("diagram: the model has no entity %q: name one of %s", name, strings.Join(all, ", "))
		}
		out = append(out, e)
	}
	return out, nil
}
