package command_test

import (
	"strings"
	"testing"

	"github.com/daybook-cqrs/daybook/command"
	"github.com/daybook-cqrs/daybook/schema"
)

func TestUniqueIgnoresCase(t *testing.T) {
	w := newMachine(t)
	r := w.rejected(command.NotUnique, "createHall", "h2", schema.Record{"name": "bIG", "seats": 1})
	if r.Field != "name" || !strings.Contains(r.Message, "another Hall has the name") {
		t.Errorf("%+v", r)
	}
	w.accepted("createHall", "s1", schema.Record{"name": "Straße", "seats": 1})
	w.rejected(command.NotUnique, "createHall", "s2", schema.Record{"name": "STRASSE", "seats": 1})
	w.accepted("updateHall", "h", schema.Record{"name": "BIG"}) // its own, otherwise written
	w.accepted("updateHall", "h", schema.Record{"name": "Small"})
	w.accepted("createHall", "h2", schema.Record{"name": "big", "seats": 1})
	w.rejected(command.NotUnique, "updateHall", "h", schema.Record{"name": "Big"})
	w.accepted("deleteHall", "h2", nil)
	w.accepted("updateHall", "h", schema.Record{"name": "Big"})
	w.rejected(command.AlreadyExists, "createHall", "h2", schema.Record{"name": "other", "seats": 1}) // deleted ids stay taken
	w.rejected(command.NotFound, "updateHall", "h2", schema.Record{"seats": 2})
}

func TestUniqueOfSeveralFields(t *testing.T) {
	w := newMachine(t)
	w.accepted("createHall", "g", schema.Record{"name": "Other", "seats": 1})
	w.show("h/1", "2026-01-01")
	in := map[string]any{"hall": "h", "title": "t", "day": "2026-01-01"}
	r := w.rejected(command.NotUnique, "openShow", "h/2", w.input("openShow", in))
	if r.Field != "day" || !strings.Contains(r.Message, "day, hall") {
		t.Errorf("%+v", r)
	}
	if r := w.rejected(command.NotUnique, "openShow", "h/2", w.input("openShow", in), dry); r.Field != "day" {
		t.Errorf("%+v", r)
	}
	in["hall"] = "g"
	w.accepted("openShow", "g/2", w.input("openShow", in))
	w.accepted("dropShow", "h/1", nil)
	in["hall"] = "h"
	w.accepted("openShow", "h/3", w.input("openShow", in))
}
