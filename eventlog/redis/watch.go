package redis

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"time"

	goredis "github.com/redis/go-redis/v9"
)

const (
	blockFor  = time.Second            // one XREAD BLOCK; finite, so that a connection that died in silence is noticed
	breathe   = time.Millisecond       // between two wakes: under load every wake would otherwise be for a single event
	afterFail = 200 * time.Millisecond // before asking a Redis again that failed
)

// watch wakes reads that wait for events. One connection blocks for all partitions, and only while somebody waits.
type watch struct {
	client goredis.UniversalClient // its own: a blocked connection must not be one that appends need
	keys   keys

	mu      sync.Mutex
	waiting int
	wakes   []chan struct{} // per partition, closed and replaced at each wake
	start   chan struct{}   // has an element when waiting rose from 0
}

func newWatch(client goredis.UniversalClient, k keys) *watch {
	w := &watch{client: client, keys: k, wakes: make([]chan struct{}, k.partitions), start: make(chan struct{}, 1)}
	for p := range w.wakes {
		w.wakes[p] = make(chan struct{})
	}
	return w
}

// on returns the channel that the partition's next wake closes, and a function to call when no longer waiting. Call on before
// reading, so that no append in between is missed.
func (w *watch) on(partition int) (<-chan struct{}, func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.waiting++; w.waiting == 1 {
		select {
		case w.start <- struct{}{}:
		default:
		}
	}
	return w.wakes[partition], func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.waiting--
	}
}

func (w *watch) wake(partition int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	close(w.wakes[partition])
	w.wakes[partition] = make(chan struct{})
}

func (w *watch) idle() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.waiting == 0
}

// run watches until the log is closed. Which events it has seen decides only whom it wakes: what is read, and that nothing is missing,
// is Read's to check.
func (w *watch) run(closed <-chan struct{}) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	last := make([]uint64, w.keys.partitions)
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		select {
		case <-closed:
			return
		case <-pause.C:
		}
		if w.idle() {
			select {
			case <-closed:
				return
			case <-w.start:
			}
		}
		rest, err := w.once(ctx, last)
		if err != nil {
			rest = afterFail
		}
		pause.Reset(rest)
	}
}

// once blocks until there is an event after last, or blockFor is over. It wakes the reads of its partition, and moves last to the end.
func (w *watch) once(ctx context.Context, last []uint64) (rest time.Duration, err error) {
	streams := make([]string, 2*len(last))
	for p, seq := range last {
		streams[p], streams[len(last)+p] = w.keys.log(p), entryID(seq)
	}
	found, err := w.client.XRead(ctx, &goredis.XReadArgs{Streams: streams, Count: 1, Block: blockFor}).Result()
	if errors.Is(err, goredis.Nil) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	for _, s := range found {
		p := w.partition(s.Stream)
		if p < 0 {
			continue
		}
		w.wake(p)
		// The reads take everything up to the end now; ask for what comes after it.
		seq, err := w.client.HGet(ctx, w.keys.meta(p), "seq").Uint64()
		if err != nil {
			return 0, err
		}
		last[p] = seq
	}
	return breathe, nil
}

// partition returns the partition of a stream's key.
func (w *watch) partition(key string) int {
	tag, _, _ := strings.Cut(strings.TrimPrefix(key, "{"+w.keys.prefix+":"), "}")
	p, err := strconv.Atoi(tag)
	if err != nil || p < 0 || p >= w.keys.partitions {
		return -1
	}
	return p
}
