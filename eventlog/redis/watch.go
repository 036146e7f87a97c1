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

// watch wakes reads that wait for events. One connection blocks for all partitions, or in a Cluster, where they lie in different slots, one for each, and only while
// somebody waits.
type watch struct {
	client goredis.UniversalClient // its own: a blocked connection must not be one that appends need
	keys   keys
	lanes  []*lane // one for all partitions, or one for each
}

// lane is what one connection watches.
type lane struct {
	*watch
	first int // the first partition of it

	mu      sync.Mutex
	waiting int
	wakes   []chan struct{} // per partition of it, closed and replaced at each wake
	begin   chan struct{}   // has an element when waiting rose from 0
}

// watchers is how many connections to one server a watch may need.
func watchers(k keys) int {
	if k.cluster {
		return k.partitions
	}
	return 0 // what go-redis takes
}

func newWatch(client goredis.UniversalClient, k keys) *watch {
	w := &watch{client: client, keys: k}
	each := k.partitions
	if k.cluster {
		each = 1
	}
	for p := 0; p < k.partitions; p += each {
		l := &lane{watch: w, first: p, wakes: make([]chan struct{}, each), begin: make(chan struct{}, 1)}
		for i := range l.wakes {
			l.wakes[i] = make(chan struct{})
		}
		w.lanes = append(w.lanes, l)
	}
	return w
}

// start runs the lanes until ctx ends. Whoever ends it closes the client too, for a blocked connection does not see it.
func (w *watch) start(ctx context.Context, running *sync.WaitGroup) {
	for _, l := range w.lanes {
		running.Go(func() { l.run(ctx) })
	}
}

// on returns the channel that the partition's next wake closes, and a function to call when no longer waiting. Call on before
// reading, so that no append in between is missed.
func (w *watch) on(partition int) (<-chan struct{}, func()) {
	l := w.lanes[partition*len(w.lanes)/w.keys.partitions]
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.waiting++; l.waiting == 1 {
		select {
		case l.begin <- struct{}{}:
		default:
		}
	}
	return l.wakes[partition-l.first], func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.waiting--
	}
}

func (l *lane) wake(partition int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	close(l.wakes[partition-l.first])
	l.wakes[partition-l.first] = make(chan struct{})
}

func (l *lane) idle() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.waiting == 0
}

// run watches until ctx ends. Which events it has seen decides only whom it wakes: what is read, and that nothing is missing,
// is Read's to check.
func (l *lane) run(ctx context.Context) {
	last := make([]uint64, len(l.wakes))
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-pause.C:
		}
		if l.idle() {
			select {
			case <-ctx.Done():
				return
			case <-l.begin:
			}
		}
		rest, err := l.once(ctx, last)
		if err != nil {
			rest = afterFail
		}
		pause.Reset(rest)
	}
}

// once blocks until there is an event after last, or blockFor is over. It wakes the reads of its partition, and moves last to the end.
func (l *lane) once(ctx context.Context, last []uint64) (rest time.Duration, err error) {
	streams := make([]string, 2*len(last))
	for i, seq := range last {
		streams[i], streams[len(last)+i] = l.keys.log(l.first+i), entryID(seq)
	}
	found, err := l.client.XRead(ctx, &goredis.XReadArgs{Streams: streams, Count: 1, Block: blockFor}).Result()
	if errors.Is(err, goredis.Nil) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	for _, s := range found {
		p := l.partition(s.Stream)
		if p < 0 {
			continue
		}
		l.wake(p)
		// The reads take everything up to the end now; ask for what comes after it.
		seq, err := l.client.HGet(ctx, l.keys.meta(p), "seq").Uint64()
		if err != nil {
			return 0, err
		}
		last[p-l.first] = seq
	}
	return breathe, nil
}

// partition returns the partition of a stream's key.
func (l *lane) partition(key string) int {
	tag, _, _ := strings.Cut(strings.TrimPrefix(key, "{"+l.keys.prefix+":"), "}")
	p, err := strconv.Atoi(tag)
	if err != nil || p < l.first || p >= l.first+len(l.wakes) {
		return -1
	}
	return p
}
