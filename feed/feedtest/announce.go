package feedtest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/daybook-cqrs/daybook/feed"
	"github.com/daybook-cqrs/daybook/position"
)

// listen returns what a listener hears, and how its listening ends. It hears from now on.
func listen[T any](ctx context.Context, t *testing.T, on func(context.Context, func(), func(T)) error) (heard <-chan T, ended <-chan error) {
	t.Helper()
	out, end, ready := make(chan T, 1000), make(chan error, 1), make(chan struct{})
	go func() { end <- on(ctx, func() { close(ready) }, func(what T) { out <- what }) }()
	next(t, ready)
	return out, end
}

// next returns what comes from a channel, the zero value if it was closed.
func next[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	select {
	case what := <-from:
		return what
	case <-time.After(10 * time.Second):
		t.Fatal("nothing came")
		panic("not reached")
	}
}

func announcements(t *testing.T, open func(*testing.T, int, int) feed.Feed) {
	f := open(t, 2, 10)
	say := func(seq uint64) feed.Progress {
		p := feed.Progress{Partition: 1, Place: position.Place{Epoch: 2, Seq: seq}, Watermark: time.Unix(int64(seq), 123456789).UTC()}
		if seq%2 == 0 {
			p.Watermark = time.Time{}
		}
		if seq%3 == 0 {
			p.Views = []string{"totals.abcdefgh", fmt.Sprint("all \"", seq)}
		}
		if err := f.Announce(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		return p
	}
	say(1) // nobody is there; servers of a Redis Cluster tell each other a little later, when somebody may be
	ctx, leave := context.WithCancel(t.Context())
	one, ended := listen(ctx, t, f.Listen)
	two, _ := listen(t.Context(), t, f.Listen)
	asked, _ := listen(t.Context(), t, f.Asked)
	for seq := uint64(2); seq < 100; seq++ {
		want := say(seq)
		if a, b := heard(t, one), heard(t, two); !reflect.DeepEqual(a, want) || !reflect.DeepEqual(b, want) {
			t.Fatalf("%+v was announced, one hears %+v, two %+v", want, a, b)
		}
	}
	leave()
	if err := next(t, ended); err != nil {
		t.Error("who leaves gets", err)
	}
	want := say(100)
	if got := next(t, two); !reflect.DeepEqual(got, want) {
		t.Errorf("%+v was announced, two hears %+v", want, got)
	}
	if len(one)+len(two)+len(asked) > 0 {
		t.Errorf("%d, %d and %d more were heard", len(one), len(two), len(asked))
	}
}

// heard returns what is heard next of what was announced while somebody listened.
func heard(t *testing.T, c <-chan feed.Progress) feed.Progress {
	t.Helper()
	if p := next(t, c); p.Place.Seq > 1 {
		return p
	}
	return next(t, c)
}

func questions(t *testing.T, open func(*testing.T, int, int) feed.Feed) {
	f := open(t, 1, 10)
	asked, _ := listen(t.Context(), t, f.Asked)
	for _, past := range []time.Time{time.Unix(5, 6).UTC(), time.Unix(4, 999_999_999).UTC()} {
		if err := f.Ask(t.Context(), past); err != nil {
			t.Fatal(err)
		}
		if got := next(t, asked); !got.Equal(past) {
			t.Errorf("asked for %s, heard %s", past, got)
		}
	}
}

func listeningEnds(t *testing.T, open func(*testing.T, int, int) feed.Feed) {
	f := open(t, 1, 10)
	_, one := listen(t.Context(), t, f.Listen)
	_, two := listen(t.Context(), t, f.Asked)
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if a, b := next(t, one), next(t, two); !errors.Is(a, feed.ErrClosed) || !errors.Is(b, feed.ErrClosed) {
		t.Errorf("after Close listening ended with %v and %v", a, b)
	}
	if a, b := f.Announce(t.Context(), feed.Progress{}), f.Ask(t.Context(), time.Unix(1, 0)); !errors.Is(a, feed.ErrClosed) || !errors.Is(b, feed.ErrClosed) {
		t.Errorf("after Close: %v and %v", a, b)
	}
}
