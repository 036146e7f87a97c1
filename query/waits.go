package query

import (
	"container/heap"
	"sync"
	"time"

	"github.com/daybook-cqrs/daybook/feed"
	"github.com/daybook-cqrs/daybook/position"
)

// waits keeps what is known of how far partitions are consolidated into what it is about, the entities or one view, and who waits for more. Callers stand in lines, one for each
// partition and one for instants, whoever is content with least in front: news of a partition cost as much as there are callers whom they concern, however many wait.
type waits struct {
	partitions int // of the log; 0 if nobody said

	mu      sync.Mutex
	places  map[int]position.Place
	marks   map[int]time.Time  // watermarks
	reached *position.Position // of places; nil if they have changed since
	lines   map[int]*line      // by the partition that they wait for first
	past    line               // who waits for watermarks
	newest  time.Time          // the latest instant that somebody in past waits for, or waited
	fresh   bool               // somebody came to past whom the poller has not seen
	waiting int
	first   bool // somebody came when nobody waited, whom the poller has not seen
	stale   bool // news may have been missed
	heard   bool // news come as they happen

	kick chan struct{} // has an element if the poller has something to look at. The poller serves several waits, which share it
}

// goal is a place to come.
type goal struct {
	partition int
	place     position.Place
}

// waiter is one caller.
type waiter struct {
	goals []goal    // what is still to come; it stands in the line of the first
	past  time.Time // or, without any, an instant
	done  chan struct{}
	err   error // once done is closed: why waiting is of no use

	line  *line
	index int // in the line
}

func (w *waits) init(partitions int, kick chan struct{}) {
	w.partitions, w.kick = partitions, kick
	w.places, w.marks, w.lines = map[int]position.Place{}, map[int]time.Time{}, map[int]*line{}
	w.past.less = func(a, b *waiter) bool { return a.past.Before(b.past) }
}

func (w *waits) poke() {
	select {
	case w.kick <- struct{}{}:
	default:
	}
}

// add puts a caller in line. false: what it waits for is there.
func (w *waits) add(me *waiter) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(me.goals) > 0 || me.past.IsZero() {
		if !w.queue(me) {
			return false
		}
	} else {
		if me.past.Before(w.lowest()) {
			return false
		}
		w.past.add(me)
		w.fresh = true
		if w.past.Len() == 1 || me.past.After(w.newest) {
			w.newest = me.past
		}
	}
	w.first = w.first || w.waiting == 0
	w.waiting++
	w.poke()
	return true
}

// queue puts a caller in the line of the first of its goals that is not reached. false: they all are.
func (w *waits) queue(me *waiter) bool {
	for len(me.goals) > 0 {
		g := me.goals[0]
		if at, known := w.places[g.partition]; !known || at.Before(g.place) {
			l := w.lines[g.partition]
			if l == nil {
				l = &line{less: func(a, b *waiter) bool { return a.goals[0].place.Before(b.goals[0].place) }}
				w.lines[g.partition] = l
			}
			l.add(me)
			return true
		}
		me.goals = me.goals[1:]
	}
	return false
}

// remove takes a caller out of its line. false: what it waited for has just come.
func (w *waits) remove(me *waiter) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if me.line == nil {
		return false
	}
	me.line.remove(me)
	w.waiting--
	return true
}

// news takes over what is known of partitions, and lets go who waited for it. What is older than what is known changes nothing.
func (w *waits) news(all ...feed.Progress) {
	w.mu.Lock()
	defer w.mu.Unlock()
	marked := false
	for _, p := range all {
		if p.Watermark.After(w.marks[p.Partition]) {
			w.marks[p.Partition] = p.Watermark
			marked = true
		}
		if at, known := w.places[p.Partition]; known && !at.Before(p.Place) {
			continue
		}
		w.places[p.Partition] = p.Place
		w.reached = nil
		for l := w.lines[p.Partition]; l != nil && l.Len() > 0 && !p.Place.Before(l.callers[0].goals[0].place); {
			me := l.callers[0]
			l.remove(me)
			if !w.queue(me) {
				w.letGo(me)
			}
		}
	}
	if !marked || w.past.Len() == 0 {
		return
	}
	for lowest := w.lowest(); w.past.Len() > 0 && w.past.callers[0].past.Before(lowest); {
		me := w.past.callers[0]
		w.past.remove(me)
		w.letGo(me)
	}
}

// announced is news for what is told of when it happens.
func (w *waits) announced(p feed.Progress) {
	w.news(p)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.heard = true
}

// forget has nothing known any more. Who waits goes on waiting.
func (w *waits) forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	clear(w.places)
	w.reached = nil
}

// fail lets everybody go who waits for places, with an error.
func (w *waits) fail(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, l := range w.lines {
		for l.Len() > 0 {
			me := l.callers[0]
			l.remove(me)
			me.err = err
			w.letGo(me)
		}
	}
}

func (w *waits) letGo(me *waiter) {
	w.waiting--
	close(me.done)
}

// lowest returns the earliest watermark, the zero time if that of any partition is not known.
func (w *waits) lowest() time.Time {
	if len(w.marks) < max(w.partitions, 1) {
		return time.Time{}
	}
	var lowest time.Time
	for _, t := range w.marks {
		if lowest.IsZero() || t.Before(lowest) {
			lowest = t
		}
	}
	return lowest
}

func (w *waits) at() position.Position {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.reached == nil {
		p := position.Of(w.places)
		w.reached = &p
	}
	return *w.reached
}

// line is callers in a heap.
type line struct {
	callers []*waiter
	less    func(a, b *waiter) bool
}

func (l *line) add(me *waiter) {
	me.line = l
	heap.Push(l, me)
}

func (l *line) remove(me *waiter) {
	heap.Remove(l, me.index)
	me.line = nil
}

// Len, Less, Swap, Push and Pop are for package heap.

func (l *line) Len() int           { return len(l.callers) }
func (l *line) Less(i, j int) bool { return l.less(l.callers[i], l.callers[j]) }

func (l *line) Swap(i, j int) {
	l.callers[i], l.callers[j] = l.callers[j], l.callers[i]
	l.callers[i].index, l.callers[j].index = i, j
}

func (l *line) Push(x any) {
	me := x.(*waiter)
	me.index = len(l.callers)
	l.callers = append(l.callers, me)
}

func (l *line) Pop() any {
	last := len(l.callers) - 1
	me := l.callers[last]
	l.callers[last], l.callers = nil, l.callers[:last]
	return me
}
