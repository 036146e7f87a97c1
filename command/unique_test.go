package command_test

import (
	"math"
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

func TestAUniqueValueHasABound(t *testing.T) {
	w := newMachine(t)
	r := w.rejected(command.InvalidInput, "createHall", "h2", schema.Record{"name": strings.Repeat("x", 10_001), "seats": 1})
	if r.Field != "name" || r.Message != "a unique value has at most 10000 bytes: the name of the Hall would have 10001" {
		t.Errorf("%+v", r)
	}
	w.accepted("createHall", "h2", schema.Record{"name": strings.Repeat("x", 10_000), "seats": 1})
}

func TestEqualNumbersAreOneUniqueValue(t *testing.T) {
	w := worldOf(t, `type Mark @entity @crud { id: ID! height: Float @unique price: Decimal @unique(with: ["height"]) }`)
	mark := func(height float64, price string) schema.Record {
		return w.input("createMark", map[string]any{"height": height, "price": price})
	}
	w.accepted("createMark", "m", mark(0, "1.0"))
	for _, same := range []float64{0, math.Copysign(0, -1)} {
		w.rejected(command.NotUnique, "createMark", "m2", mark(same, "2"))
	}
	w.accepted("updateMark", "m", mark(math.Copysign(0, -1), "1.00"))
	w.rejected(command.NotUnique, "createMark", "m2", mark(0, "1"))
}

// TestAValueThatNobodyHasIsFree: entities were changed and deleted while the model had no @unique, so that their claims stayed.
func TestAValueThatNobodyHasIsFree(t *testing.T) {
	w := newMachine(t)
	w.accepted("createHall", "kept", schema.Record{"name": "Kept", "seats": 1})
	w.accepted("createHall", "renamed", schema.Record{"name": "Renamed", "seats": 1})
	w.accepted("createHall", "gone", schema.Record{"name": "Gone", "seats": 1})
	with := w.engine
	w.sdl = strings.Replace(machine, "@unique(ignoreCase: true)", "", 1)
	var err error
	if w.engine, err = command.New(command.Config{Model: w.model(), Log: w.log}); err != nil {
		t.Fatal(err)
	}
	w.accepted("updateHall", "renamed", schema.Record{"name": "Other"})
	w.accepted("deleteHall", "gone", nil)
	w.sdl, w.engine = machine, with

	w.rejected(command.NotUnique, "createHall", "h2", schema.Record{"name": "kept", "seats": 1})
	w.accepted("createHall", "h3", schema.Record{"name": "renamed", "seats": 1}, dry)
	w.accepted("createHall", "h3", schema.Record{"name": "renamed", "seats": 1})
	w.accepted("createHall", "h4", schema.Record{"name": "gone", "seats": 1})
	for _, name := range []string{"Renamed", "Gone"} { // and now they are theirs
		w.rejected(command.NotUnique, "createHall", "h5", schema.Record{"name": name, "seats": 1})
	}
	// The owner takes its value back between the look and the append.
	w.sdl = strings.Replace(machine, "@unique(ignoreCase: true)", "", 1)
	if w.engine, err = command.New(command.Config{Model: w.model(), Log: w.log}); err != nil {
		t.Fatal(err)
	}
	w.accepted("updateHall", "kept", schema.Record{"name": "Left"})
	w.sdl, w.engine = machine, with
	tries := 0
	w.log.before = func() {
		if tries++; tries == 2 {
			w.log.before = nil
			w.accepted("updateHall", "kept", schema.Record{"name": "Kept"})
		}
	}
	w.rejected2(command.NotUnique, "createHall", "h6", schema.Record{"name": "kept", "seats": 1})
}

// rejected2 is rejected where something else is written meanwhile.
func (w *world) rejected2(code command.Code, name, id string, in schema.Record) {
	w.Helper()
	if r := w.do(name, id, in); r.Receipt != nil || r.Rejections[0].Code != code {
		w.Errorf("%s %s: %+v", name, id, r)
	}
}
