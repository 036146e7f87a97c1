package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/daybook-cqrs/daybook/eventlog"
	"github.com/daybook-cqrs/daybook/eventlog/internal/entry"
	"github.com/daybook-cqrs/daybook/internal/rawjson"
)

const (
	headQuery    = "SELECT version, state, deleted, epoch, seq, at, created, fields FROM heads WHERE entity = ? AND id = ?"
	claimQuery   = "SELECT entity, id FROM claims WHERE field = ? AND value = ?"
	receiptQuery = "SELECT input_hash, events FROM receipts WHERE command_id = ?"
)

// Load implements eventlog.Log. All is read in one transaction.
func (l *Log) Load(ctx context.Context, req eventlog.Load) (*eventlog.Loaded, error) {
	if err := req.Check(); err != nil {
		return nil, err
	}
	tx, err := l.reads.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return nil, l.fail("load", err)
	}
	defer tx.Rollback() //nolint:errcheck // it only read
	out, err := l.load(ctx, tx, req)
	return out, l.fail("load", err)
}

func (l *Log) load(ctx context.Context, tx *sql.Tx, req eventlog.Load) (*eventlog.Loaded, error) {
	tail, err := scanTail(tx.QueryRowContext(ctx, tailQuery, l.PartitionOf(req.Primary)))
	if err != nil {
		return nil, err
	}
	// The clock is read after the transaction's first read, so that what it saw is not later than Now.
	out := &eventlog.Loaded{Now: l.clock.wall().UTC(), Heads: make(map[eventlog.Ref]eventlog.Head, 1+len(req.Refs))}
	if tail.Clock.After(out.Now) {
		out.Now = tail.Clock
	}
	if req.CommandID != "" {
		if out.Receipt, err = scanReceipt(tx.QueryRowContext(ctx, receiptQuery, req.CommandID), req.CommandID); err != nil {
			return nil, err
		}
	}
	for _, ref := range append([]eventlog.Ref{req.Primary}, req.Refs...) {
		if _, done := out.Heads[ref]; done {
			continue
		}
		h, err := scanHead(tx.QueryRowContext(ctx, headQuery, ref.Entity, ref.ID))
		if err != nil {
			return nil, fmt.Errorf("head of %s: %w", ref, err)
		}
		out.Heads[ref] = h
	}
	for _, c := range req.Claims {
		var owner eventlog.Ref
		if err := tx.QueryRowContext(ctx, claimQuery, c.Field, c.Value).Scan(&owner.Entity, &owner.ID); err != nil && !errors.Is(err, sql.ErrNoRows) {
			return nil, err
		}
		out.Owners = append(out.Owners, owner)
	}
	return out, nil
}

// scanHead returns the zero Head if there is no row.
func scanHead(row *sql.Row) (eventlog.Head, error) {
	var h eventlog.Head
	var at, created, fields string
	err := row.Scan(&h.Version, &h.State, &h.Deleted, &h.Place.Epoch, &h.Place.Seq, &at, &created, &fields)
	if errors.Is(err, sql.ErrNoRows) {
		return eventlog.Head{}, nil
	}
	if err != nil {
		return h, err
	}
	if h.At, err = entry.ParseTime(at); err != nil {
		return h, err
	}
	if h.CreatedAt, err = entry.ParseTime(created); err != nil {
		return h, err
	}
	h.Fields = map[string]json.RawMessage{}
	return h, rawjson.Members(json.RawMessage(fields), func(name string, value json.RawMessage) error {
		h.Fields[name] = value
		return nil
	})
}

// scanReceipt returns nil if there is no row.
func scanReceipt(row *sql.Row, commandID string) (*eventlog.Receipt, error) {
	r := &eventlog.Receipt{CommandID: commandID, Duplicate: true}
	var events string
	err := row.Scan(&r.InputHash, &events)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return r, json.Unmarshal([]byte(events), &r.Events)
}

// rawOf returns stored JSON; nothing at all is none.
func rawOf(s string) json.RawMessage {
	if s == "" {
		return nil
	}
	return json.RawMessage(s)
}

// encodeFields writes a JSON object without touching the bytes of the values, as encoding/json would.
func encodeFields(fields map[string]json.RawMessage) string {
	b := []byte{'{'}
	for name, value := range fields {
		if len(b) > 1 {
			b = append(b, ',')
		}
		b = strconv.AppendQuote(b, name) // a GraphQL name: quoting changes nothing
		b = append(append(b, ':'), value...)
	}
	return string(append(b, '}'))
}
