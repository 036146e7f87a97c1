// Package entry is the stored form of an event, which all engines share: the same parts, the same chain hash over the same bytes.
package entry

import (
	"crypto/sha1"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	"github.com/daybook-cqrs/daybook/eventlog"
)

// Entry is one stored event. Meta, Changes and Input are raw bytes: nothing ever encodes them again.
type Entry struct {
	Partition int
	Seq       uint64
	Epoch     uint64
	Version   int64
	Back      uint64 // sequence of the same entity's event before, 0 for its first
	At        string // see FormatTime
	Prev      string
	Hash      string
	Meta      string
	Changes   string
	Input     string
}

// meta is what the caller of Append gave and the log stores without looking at it.
type meta struct {
	Entity        string `json:"e"`
	ID            string `json:"i"`
	Name          string `json:"n"`
	From          string `json:"f,omitempty"`
	To            string `json:"t,omitempty"`
	Deleted       bool   `json:"del,omitempty"`
	CommandID     string `json:"cmd"`
	Actor         string `json:"by,omitempty"`
	CorrelationID string `json:"cor,omitempty"`
	CausationID   string `json:"cau,omitempty"`
	Imported      bool   `json:"imp,omitempty"`
	Depth         int    `json:"dep,omitempty"`
}

// Meta returns the stored form of what the caller gave for event e of append a, but for its raw JSON.
func Meta(a *eventlog.Append, e *eventlog.NewEvent) (string, error) {
	b, err := json.Marshal(meta{
		Entity: e.Ref.Entity, ID: e.Ref.ID, Name: e.Name, From: e.From, To: e.To, Deleted: e.Deleted,
		CommandID: a.CommandID, Actor: a.Actor, CorrelationID: a.CorrelationID, CausationID: a.CausationID, Imported: a.Imported, Depth: a.Depth,
	})
	return string(b), err
}

// Sum returns the chain hash of the entry: SHA-1 over all its other parts. append.lua computes the same; the lengths
// make it a hash of the parts and not only of their concatenation.
func (e *Entry) Sum() string {
	b := make([]byte, 0, 192+len(e.Meta)+len(e.Changes)+len(e.Input))
	b = append(b, e.Prev...)
	for _, n := range []uint64{uint64(e.Partition), e.Seq, e.Epoch, uint64(e.Version), e.Back} {
		b = strconv.AppendUint(append(b, ' '), n, 10)
	}
	b = append(append(b, ' '), e.At...)
	b = strconv.AppendInt(append(b, ' '), int64(len(e.Meta)), 10)
	b = strconv.AppendInt(append(b, ' '), int64(len(e.Changes)), 10)
	b = append(b, '\n')
	b = append(append(append(b, e.Meta...), e.Changes...), e.Input...)
	sum := sha1.Sum(b)
	return hex.EncodeToString(sum[:])
}

// Event returns the event that the entry stores, or an error if its parts can't be read or its hash is not theirs.
func (e *Entry) Event() (eventlog.Event, error) {
	if e.Sum() != e.Hash {
		return eventlog.Event{}, fmt.Errorf("entry %d was changed: its hash is not that of its content", e.Seq)
	}
	var m meta
	if err := json.Unmarshal([]byte(e.Meta), &m); err != nil {
		return eventlog.Event{}, fmt.Errorf("entry %d can't be read: %w", e.Seq, err)
	}
	at, err := ParseTime(e.At)
	if err != nil {
		return eventlog.Event{}, fmt.Errorf("entry %d can't be read: %w", e.Seq, err)
	}
	return eventlog.Event{
		Partition: e.Partition, Seq: e.Seq, Epoch: e.Epoch, Prev: e.Prev, Hash: e.Hash,
		Entity: m.Entity, ID: m.ID, Version: e.Version, Name: m.Name, From: m.From, To: m.To, Deleted: m.Deleted,
		Changes: raw(e.Changes), Input: raw(e.Input), CommandID: m.CommandID, Actor: m.Actor,
		CorrelationID: m.CorrelationID, CausationID: m.CausationID, At: at, Imported: m.Imported, Depth: m.Depth,
	}, nil
}

func raw(s string) json.RawMessage {
	if s == "" {
		return nil
	}
	return json.RawMessage(s)
}

const timeLayout = "2006-01-02T15:04:05.000000000Z"

// FormatTime returns t as text of fixed width in UTC, so that texts compare as the times do.
func FormatTime(t time.Time) string { return t.UTC().Format(timeLayout) }

// ParseTime reads what FormatTime wrote; "" is the zero time.
func ParseTime(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	return time.Parse(timeLayout, s)
}
