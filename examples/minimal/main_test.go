package main

import (
	"testing"

	"github.com/daybook-cqrs/daybook/schema"

	"example.org/minimal/entity"
)

func TestTheModel(t *testing.T) {
	m, err := schema.Load(model)
	if err != nil {
		t.Fatal(err)
	}
	if c := m.Command("finishTodo"); c == nil || c.To != string(entity.TodoStatusDone) {
		t.Errorf("finishTodo is %+v", c)
	}
}
