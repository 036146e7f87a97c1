package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/daybook-cqrs/daybook/documents"
	"github.com/daybook-cqrs/daybook/documents/sqlite"
	"github.com/daybook-cqrs/daybook/position"
	"github.com/daybook-cqrs/daybook/schema"
)

func TestRebuildSaysWhatIsWrong(t *testing.T) {
	data := t.TempDir()
	lock, err := lockData(data)
	if err != nil {
		t.Fatal(err)
	}
	defer lock.Close()
	for _, c := range []struct {
		args []string
		want string
	}{
		{nil, "daybook: rebuild: name one of the views CustomerActivity, CustomerRevenue"},
		{[]string{"Order"}, `daybook: rebuild: the model has no view "Order": name one of CustomerActivity, CustomerRevenue`},
		{[]string{"CustomerRevenue", "--nonsense"}, "daybook: rebuild: flag provided but not defined"},
		{[]string{"CustomerRevenue", "--data", data}, "daybook: rebuild: another process works on"},
		{[]string{"CustomerRevenue", "--mongodb-uri", "mongodb://127.0.0.1:1/x"}, "daybook: rebuild: "},
	} {
		var stdout, stderr strings.Builder
		code := Do(t.Context(), Definition{Schema: os.DirFS("..")}, append([]string{"rebuild"}, c.args...), nil, &stdout, &stderr)
		if code != 2 || !strings.HasPrefix(stderr.String(), c.want) || strings.Count(stderr.String(), "\n") != 1 || stdout.Len() > 0 {
			t.Errorf("%v: %d\n%s\n%s", c.args, code, stdout.String(), stderr.String())
		}
	}
}

func TestRebuildForgetsTheView(t *testing.T) {
	def, data := Definition{Schema: os.DirFS("..")}, t.TempDir()
	model, err := schema.Load(def.Schema)
	if err != nil {
		t.Fatal(err)
	}
	ready := func(set bool) bool {
		t.Helper()
		s, err := sqlite.Open(t.Context(), filepath.Join(data, "documents.db"), model, sqlite.Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if set {
			err = s.Setup(t.Context())
			for _, name := range []string{"CustomerRevenue", "ProductSales"} {
				if err == nil {
					err = s.SetViewReady(t.Context(), name, true)
				}
			}
			if err == nil {
				err = s.AdvanceViews(t.Context(), 0, []string{"CustomerRevenue"}, documents.Checkpoint{Place: position.Place{Epoch: 1, Seq: 1}})
			}
		}
		if err != nil {
			t.Fatal(err)
		}
		at, err := s.ViewCheckpoints(t.Context(), "CustomerRevenue")
		if err != nil {
			t.Fatal(err)
		}
		is, err := s.ViewReady(t.Context(), "CustomerRevenue")
		if other, err2 := s.ViewReady(t.Context(), "ProductSales"); err != nil || err2 != nil || !other {
			t.Fatal(err, err2, other)
		}
		return is && len(at) > 0
	}
	if !ready(true) {
		t.Fatal("it was not set up")
	}
	var stdout, stderr strings.Builder
	if code := Do(t.Context(), def, []string{"rebuild", "--data", data, "CustomerRevenue"}, nil, &stdout, &stderr); code != 0 {
		t.Fatal(code, stderr.String())
	}
	if stdout.String() != "CustomerRevenue will be built anew\n" || ready(false) {
		t.Error(stdout.String())
	}
	stdout.Reset()
	if code := Do(t.Context(), def, []string{"rebuild", "--help"}, nil, &stdout, &stderr); code != 0 || !strings.Contains(stdout.String(), "rebuild VIEW") {
		t.Error(code, stdout.String())
	}
}
