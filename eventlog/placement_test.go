package eventlog

import (
	"errors"
	"strings"
	"testing"
)

func TestPlacement(t *testing.T) {
	p := Placement{"Order": "Customer", "Line": "Customer", "Customer": "Customer"}
	at := func(entity, id string) int { return p.PartitionOf(Ref{entity, id}, 1000) }
	home := at("Customer", "c1")
	if at("Order", "c1/o1") != home || at("Line", "c1/o1/l1") != home || PartitionOf(Ref{"Customer", "c1"}, 1000) != home {
		t.Error("what belongs together lies apart")
	}
	if at("Order", "c1") != PartitionOf(Ref{"Order", "c1"}, 1000) || at("Other", "c1/x") != PartitionOf(Ref{"Other", "c1/x"}, 1000) || at("Customer", "c1/x") == home {
		t.Error("what belongs to nothing goes by its own id")
	}
	all, err := p.With(Placement{"Order": "Customer", "Old": "Older"})
	if err != nil || len(all) != 4 || all["Old"] != "Older" {
		t.Error(all, err)
	}
	for kept, want := range map[string]string{"Order": "every Order lies by its own id", "Hall": "every Order lies with the Hall"} {
		if _, err := p.With(Placement{"Order": kept}); !errors.Is(err, ErrPlacement) || !strings.Contains(err.Error(), want) {
			t.Error(err)
		}
	}
	if all, err := (Placement)(nil).With(nil); err != nil || all == nil {
		t.Error(all, err)
	}
}
