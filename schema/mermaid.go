package schema

import (
	"fmt"
	"slices"
	"strings"
)

// Mermaid returns the entity's states as a diagram in Mermaid's language. An entity without states has one, of its own name.
func (e *Entity) Mermaid() string {
	d := diagram{edges: e.Machine().Edges, timeouts: e.Timeouts}
	d.WriteString("stateDiagram-v2\n")
	if e.State == nil {
		d.single(e.Name)
		return d.String()
	}
	for _, s := range e.States {
		if id := stateID(s); id != s {
			fmt.Fprintf(&d, "    state %q as %s\n", s, id)
		}
	}
	d.from("")
	for _, s := range e.Machine().States {
		d.from(s.Name)
		if s.Final {
			d.arrow(s.Name, "", "")
		}
	}
	return d.String()
}

// diagram is one that is being written.
type diagram struct {
	strings.Builder
	edges    []Edge
	timeouts []*Timeout
}

// single gives the edges of an entity without states the one that it is drawn with.
func (d *diagram) single(name string) {
	for i := range d.edges {
		if c := d.edges[i].Command; c.Kind != Create {
			d.edges[i].From = name
		}
		if c := d.edges[i].Command; c.Kind != Delete {
			d.edges[i].To = name
		}
	}
	d.from("")
	d.from(name)
}

// from draws what leads out of a state, or back into it: the commands between the same two states with one arrow, each timeout with its own.
func (d *diagram) from(state string) {
	var order []string
	commands := map[string][]string{}
	for _, edge := range d.edges {
		if edge.From != state {
			continue
		}
		if commands[edge.To] == nil {
			order = append(order, edge.To)
		}
		commands[edge.To] = append(commands[edge.To], edge.Command.Name)
	}
	for _, to := range order {
		d.arrow(state, to, label(commands[to]))
	}
	for _, t := range d.timeouts {
		i := slices.IndexFunc(d.edges, func(edge Edge) bool { return edge.Command == t.Run && edge.From == state })
		if t.In == state && i >= 0 {
			d.arrow(state, d.edges[i].To, "after "+t.Wait()+": "+t.Run.Name)
		}
	}
}

// arrow draws one arrow; "" is before or after the entity's life.
func (d *diagram) arrow(from, to, text string) {
	if text != "" {
		text = ": " + text
	}
	fmt.Fprintf(d, "    %s --> %s%s\n", stateID(from), stateID(to), text)
}

// label puts names beside one another, a few a line.
func label(names []string) string {
	const each = 3
	var lines []string
	for few := range slices.Chunk(names, each) {
		lines = append(lines, strings.Join(few, ", "))
	}
	return strings.Join(lines, ",<br/>")
}

// keywords are what Mermaid does not take for the name of a state, in whatever case.
var keywords = []string{"state", "note", "class", "classdef", "style", "click", "href", "default", "scale"}

// stateID is a state as diagrams name it.
func stateID(state string) string {
	switch {
	case state == "":
		return "[*]"
	case slices.Contains(keywords, strings.ToLower(state)):
		return state + "_"
	}
	return state
}
