package redis

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"github.com/daybook-cqrs/daybook/feed"
)

// maxBlock bounds how long Redis is asked to wait at once, so that a lost connection is noticed.
const maxBlock = 2 * time.Second

// Read implements feed.Feed.
func (f *Feed) Read(ctx context.Context, after feed.Cursor, limit int, wait time.Duration) ([]feed.Entry, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() { // a blocking read does not see Close
		select {
		case <-f.closed:
			cancel()
		case <-ctx.Done():
		}
	}()
	for deadline := time.Now().Add(wait); ; {
		epoch, err := f.epoch(ctx)
		if err != nil {
			return nil, f.closedOr(err)
		}
		if epoch != after.Epoch {
			return f.gaps(ctx, epoch)
		}
		block := min(time.Until(deadline), maxBlock)
		entries, err := f.read(ctx, after, limit, max(block, time.Millisecond))
		if err != nil || len(entries) > 0 {
			return entries, f.closedOr(err)
		}
		if entries, err := f.behind(ctx, after); err != nil || len(entries) > 0 {
			return entries, f.closedOr(err)
		}
		if time.Now().After(deadline) {
			return nil, nil
		}
	}
}

func (f *Feed) closedOr(err error) error {
	select {
	case <-f.closed:
		return feed.ErrClosed
	default:
		return err
	}
}

// gaps is what a cursor of another epoch reads: everything may have been missed.
func (f *Feed) gaps(ctx context.Context, epoch string) ([]feed.Entry, error) {
	tails, err := f.tails(ctx)
	if err != nil {
		return nil, f.closedOr(err)
	}
	out := make([]feed.Entry, 0, len(tails))
	for p := range f.o.Partitions {
		out = append(out, gap(p, tails[p], epoch))
	}
	return out, nil
}

func gap(partition int, tail feed.Mark, epoch string) feed.Entry {
	return feed.Entry{Kind: feed.Gap, Partition: partition, Offset: tail.Offset, Link: tail.Link, Epoch: epoch}
}

// behind finds partitions whose tail is before the cursor, or another entry than the cursor's: the feed lost what the follower has seen. One whose tail is after
// it has just got news, which decode looks at.
func (f *Feed) behind(ctx context.Context, after feed.Cursor) ([]feed.Entry, error) {
	tails, err := f.tails(ctx)
	if err != nil {
		return nil, err
	}
	var out []feed.Entry
	for p := range f.o.Partitions {
		if at := after.At[p]; tails[p].Offset < at.Offset || tails[p].Offset == at.Offset && tails[p].Link != at.Link {
			out = append(out, gap(p, tails[p], after.Epoch))
		}
	}
	return out, nil
}

// read asks all partitions at once, and blocks in Redis while none has news.
func (f *Feed) read(ctx context.Context, after feed.Cursor, limit int, block time.Duration) ([]feed.Entry, error) {
	if f.bells != nil {
		return f.readApart(ctx, after, limit, block)
	}
	n := f.o.Partitions
	streams := make([]string, 2*n)
	of := make(map[string]int, n)
	for p := range n {
		streams[p], streams[n+p] = f.stream(p), fmt.Sprintf("%d-0", after.At[p].Offset)
		of[streams[p]] = p
	}
	found, err := f.reader.XRead(ctx, &goredis.XReadArgs{Streams: streams, Count: int64(max(1, limit/n)), Block: block}).Result()
	if errors.Is(err, goredis.Nil) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	var out []feed.Entry
	for _, s := range found {
		if out, err = f.taken(ctx, out, of[s.Stream], after, limit, s.Messages); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// taken appends a partition's entries, up to limit in all.
func (f *Feed) taken(ctx context.Context, out []feed.Entry, p int, after feed.Cursor, limit int, messages []goredis.XMessage) ([]feed.Entry, error) {
	messages = messages[:min(len(messages), limit-len(out))]
	if len(messages) == 0 {
		return out, nil
	}
	return f.decode(ctx, out, p, after, messages)
}

// decode appends a partition's entries. Where one does not follow the cursor or the one before it, or can't be read, there is a gap up to the partition's newest.
func (f *Feed) decode(ctx context.Context, out []feed.Entry, p int, after feed.Cursor, messages []goredis.XMessage) ([]feed.Entry, error) {
	at := after.At[p]
	for _, m := range messages {
		e, follows, err := parse(m)
		if err != nil {
			f.o.Log.Error("a feed entry can't be read: followers resync", "partition", p, "id", m.ID, "error", err)
		}
		if err != nil || e.Offset != at.Offset+1 || follows != at.Link {
			tails, err := f.tails(ctx)
			if err != nil {
				return nil, err
			}
			tail := tails[p]
			if last := lastOf(messages); last.Offset > tail.Offset { // else it would be read again and again
				tail = last
			}
			return append(out, gap(p, tail, after.Epoch)), nil
		}
		e.Partition = p
		out = append(out, e)
		at = feed.Mark{Offset: e.Offset, Link: e.Link}
	}
	return out, nil
}

// lastOf returns as much of the mark of the last message as can be read.
func lastOf(messages []goredis.XMessage) feed.Mark {
	m := messages[len(messages)-1]
	offset, _, _ := strings.Cut(m.ID, "-")
	link, _ := m.Values["l"].(string)
	at, _ := mark(offset, link)
	return at
}

// parse reads an entry, and the link of the one before it.
func parse(m goredis.XMessage) (e feed.Entry, follows uint64, err error) {
	text := func(field string) string { v, _ := m.Values[field].(string); return v }
	if err := json.Unmarshal([]byte(text("e")), &e); err != nil {
		return e, 0, err
	}
	before, err := mark("0", text("p"))
	if err != nil {
		return e, 0, err
	}
	offset, _, _ := strings.Cut(m.ID, "-")
	at, err := mark(offset, text("l"))
	e.Offset, e.Link = at.Offset, at.Link
	return e, before.Link, err
}
