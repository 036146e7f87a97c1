package redis

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
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
		out = append(out, feed.Entry{Kind: feed.Gap, Partition: p, Offset: tails[p], Epoch: epoch})
	}
	return out, nil
}

// behind finds partitions whose tail is before the cursor: the feed lost what the follower has seen.
func (f *Feed) behind(ctx context.Context, after feed.Cursor) ([]feed.Entry, error) {
	tails, err := f.tails(ctx)
	if err != nil {
		return nil, err
	}
	var out []feed.Entry
	for p := range f.o.Partitions {
		if tails[p] < after.Offsets[p] {
			out = append(out, feed.Entry{Kind: feed.Gap, Partition: p, Offset: tails[p], Epoch: after.Epoch})
		}
	}
	return out, nil
}

// read asks all partitions at once, and blocks in Redis while none has news.
func (f *Feed) read(ctx context.Context, after feed.Cursor, limit int, block time.Duration) ([]feed.Entry, error) {
	n := f.o.Partitions
	streams := make([]string, 2*n)
	of := make(map[string]int, n)
	for p := range n {
		streams[p], streams[n+p] = f.stream(p), fmt.Sprintf("%d-0", after.Offsets[p])
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
		p := of[s.Stream]
		if len(s.Messages) > limit-len(out) {
			s.Messages = s.Messages[:limit-len(out)]
		}
		out = f.decode(ctx, out, p, after, s.Messages)
	}
	return out, nil
}

// decode appends a partition's entries. Where the first does not follow the cursor, or one can't be read, there is a gap up to the partition's newest entry
// that was read.
func (f *Feed) decode(ctx context.Context, out []feed.Entry, p int, after feed.Cursor, messages []goredis.XMessage) []feed.Entry {
	next := after.Offsets[p] + 1
	for i, m := range messages {
		e, err := parse(m)
		if err != nil || e.Offset != next {
			if err != nil {
				f.o.Log.Error("a feed entry can't be read: followers resync", "partition", p, "id", m.ID, "error", err)
			}
			last := next
			for _, rest := range messages[i:] {
				if o, err := offset(rest.ID); err == nil {
					last = max(last, o)
				}
			}
			if tail, err := f.tails(ctx); err == nil {
				last = max(last, tail[p])
			}
			return append(out, feed.Entry{Kind: feed.Gap, Partition: p, Offset: last, Epoch: after.Epoch})
		}
		e.Partition = p
		out = append(out, e)
		next++
	}
	return out
}

func offset(id string) (uint64, error) {
	text, _, _ := strings.Cut(id, "-")
	return strconv.ParseUint(text, 10, 64)
}

func parse(m goredis.XMessage) (feed.Entry, error) {
	var e feed.Entry
	raw, _ := m.Values["e"].(string)
	if err := json.Unmarshal([]byte(raw), &e); err != nil {
		return e, err
	}
	var err error
	e.Offset, err = offset(m.ID)
	return e, err
}
