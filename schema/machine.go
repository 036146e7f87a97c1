package schema

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Machine is an entity as its states, and what leads from one to another.
type Machine struct {
	States []MachineState // in the enum's order; none for an entity without states
	Edges  []Edge         // by command, in declaration order
}

// MachineState is one state.
type MachineState struct {
	Name        string
	Description string
	Initial     bool // entities are made in it
	Final       bool // no command leads out of it
}

// Edge is a command from one state to another. A command that runs in several states has one from each.
type Edge struct {
	Command *Command
	From    string // "" if it makes the entity
	To      string // From if it stays, "" if it deletes
}

// Machine returns the entity's states and edges. The edges of an entity without states have none.
func (e *Entity) Machine() Machine {
	var m Machine
	leaves := map[string]bool{}
	for _, c := range e.Commands {
		from := c.From
		if len(from) == 0 {
			from = []string{""}
		}
		for _, s := range from {
			edge := Edge{c, s, c.To}
			if c.To == "" && c.Kind == Transition {
				edge.To = s
			}
			leaves[s] = leaves[s] || edge.To != s
			m.Edges = append(m.Edges, edge)
		}
	}
	for i, s := range e.States {
		initial := slices.ContainsFunc(m.Edges, func(edge Edge) bool { return edge.From == "" && edge.To == s })
		m.States = append(m.States, MachineState{s, e.enum.Values[i].Description, initial, !leaves[s]})
	}
	return m
}

// Wait returns After as models write it: 30m, 14d, 1h30m.
func (t *Timeout) Wait() string {
	const day = 24 * time.Hour
	if t.After%day == 0 {
		return fmt.Sprintf("%dd", t.After/day)
	}
	text := t.After.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}
