package projection

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/daybook-cqrs/daybook/schema"
)

// Table holds the projections by the view that they make and the entity that they make it of.
type Table map[string]map[string]Func

// Check returns what of the model's projections is missing in the table, and what is in it and not in the model. Nil means that each view that needs it has a
// function for each entity that it is made of.
func (t Table) Check(m *schema.Model) error {
	var errs []error
	wanted := map[string]map[string]bool{}
	for _, v := range m.Views {
		if !v.View.Project {
			continue
		}
		wanted[v.Name] = map[string]bool{}
		for _, s := range v.View.Sources {
			wanted[v.Name][s.Entity.Name] = true
			if t[v.Name][s.Entity.Name] == nil {
				errs = append(errs, fmt.Errorf("no function makes %s of %s: write %s in package rules, or give the fields of %s aggregates, and run go generate ./... again",
					v.Name, s.Entity.Name, schema.ProjectionName(v.Name, s.Entity.Name), v.Name))
			}
		}
	}
	for _, view := range slices.Sorted(maps.Keys(t)) {
		for _, entity := range slices.Sorted(maps.Keys(t[view])) {
			if !wanted[view][entity] {
				errs = append(errs, fmt.Errorf("%s is a projection, but the model has no view %s without aggregates that is made of %s: run go generate ./... again", schema.ProjectionName(view, entity), view, entity))
			}
		}
	}
	return errors.Join(errs...)
}
