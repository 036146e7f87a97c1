// Package scalar is being written by a helper; this stub lets the others compile. Delete me.
package scalar

import "time"

type Decimal struct{ s string }
type DateTime struct{ t int64 }
type Date string
type UUID string
type Long int64
type JSON string

func ParseDecimal(s string) (Decimal, error)        { panic("stub") }
func NewDecimal(i int64) Decimal                    { panic("stub") }
func DecimalFromSortable(s string) (Decimal, error) { panic("stub") }
func (d Decimal) String() string                    { panic("stub") }
func (d Decimal) Sortable() string                  { panic("stub") }
func (d Decimal) Cmp(o Decimal) int                 { panic("stub") }
func NewDateTime(t time.Time) DateTime              { panic("stub") }
func ParseDateTime(s string) (DateTime, error)      { panic("stub") }
func (t DateTime) Time() time.Time                  { panic("stub") }
func (t DateTime) String() string                   { panic("stub") }
func (t DateTime) Sortable() string                 { panic("stub") }
func ParseDate(s string) (Date, error)              { panic("stub") }
func ParseUUID(s string) (UUID, error)              { panic("stub") }
func ParseLong(s string) (Long, error)              { panic("stub") }
func ParseJSON(b []byte) (JSON, error)              { panic("stub") }
func Compare(a, b any) int                          { panic("stub") }
