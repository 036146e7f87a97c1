package export

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"

	"github.com/daybook-cqrs/daybook/position"
)

// Tail is what an earlier export has left: where to go on, and up to where it is whole.
type Tail struct {
	Size     int64             // bytes of whole rows, the header included: what is behind is part of a row
	Position position.Position // of an export of events: includes every row
	Hashes   map[int]string    // of an export of events: the hash of the last event by partition
	Last     string            // of an export of documents: the last id
}

// ReadEvents finds out where an export of events ended, which may be in the middle of a row. It reads all of it.
func ReadEvents(r io.Reader, f Format) (Tail, error) {
	places := map[int]position.Place{}
	tail := Tail{Hashes: map[int]string{}}
	size, err := eachRow(r, f, eventColumns, func(row func(name string) (string, error)) error {
		var n [3]uint64
		for i, name := range eventColumns[:3] {
			text, err := row(name)
			if err != nil {
				return err
			}
			if n[i], err = strconv.ParseUint(text, 10, 64); err != nil || i == 0 && n[i] > position.MaxPartition {
				return usage("it has a row whose %s is %q: it is no export of events", name, text)
			}
		}
		hash, err := row("hash")
		if err != nil {
			return err
		}
		p, place := int(n[0]), position.Place{Epoch: n[1], Seq: n[2]}
		if last := places[p]; !last.Before(place) {
			return usage("it has event %d of partition %d behind event %d: it is no export, or two wrote to it", place.Seq, p, last.Seq)
		}
		places[p], tail.Hashes[p] = place, hash
		return nil
	})
	tail.Size = size
	tail.Position = position.Of(places)
	return tail, err
}

// ReadDocuments finds out where an export of documents ended, which may be in the middle of a row. It reads all of it.
func ReadDocuments(r io.Reader, f Format, q DocumentsQuery) (Tail, error) {
	columns, err := columnsOf(q.Entity, q.Fields)
	if err != nil {
		return Tail{}, err
	}
	var tail Tail
	tail.Size, err = eachRow(r, f, namesOf(columns), func(row func(name string) (string, error)) error {
		id, err := row("id")
		if err == nil && id == "" {
			err = usage("it has a row without id: it is no export of documents")
		}
		tail.Last = id
		return err
	})
	return tail, err
}

// eachRow calls each for every whole row, with a function that returns its values as text, and returns the bytes that those rows have.
func eachRow(r io.Reader, f Format, columns []string, each func(row func(name string) (string, error)) error) (int64, error) {
	if f == CSV {
		return eachCSV(r, columns, each)
	}
	return eachLine(r, columns, each)
}

func eachLine(r io.Reader, columns []string, each func(row func(name string) (string, error)) error) (int64, error) {
	bounded := &source{r: r}
	in := bufio.NewReaderSize(bounded, 1<<20)
	begin := newTable(NDJSON, columns).row(nil, make([]value, len(columns)))
	begin = begin[:bytes.IndexByte(begin, ':')+1]
	size := int64(0)
	for n := 1; ; n++ {
		line, err := in.ReadBytes('\n')
		if !bytes.HasPrefix(line, begin[:min(len(begin), len(line))]) {
			return size, usage("its line %d does not begin with %s: it is no such export", n, begin)
		}
		if errors.Is(err, io.EOF) {
			return size, nil
		}
		if err != nil {
			return size, err
		}
		var values map[string]json.RawMessage
		if err := json.Unmarshal(line, &values); err != nil {
			return size, usage("its line %d is no JSON: %v", n, err)
		}
		if len(values) != len(columns) {
			return size, usage("its line %d has other fields than %v: export to another file", n, columns)
		}
		err = each(func(name string) (string, error) {
			var s string
			v, there := values[name]
			if !there {
				return "", usage("its line %d has no %s: export to another file", n, name)
			}
			if len(v) > 0 && v[0] == '"' {
				err := json.Unmarshal(v, &s)
				return s, err
			}
			return string(v), nil
		})
		if err != nil {
			return size, err
		}
		size += int64(len(line))
		bounded.whole = size
	}
}

// eachCSV reads rows as long as they are whole: a quoted cell may go on over lines, so the end of the file in one is an error of the reader.
func eachCSV(r io.Reader, columns []string, each func(row func(name string) (string, error)) error) (int64, error) {
	ends := &source{r: r}
	in := csv.NewReader(ends)
	in.ReuseRecord = true
	size := int64(0)
	for n := 0; ; n++ {
		cells, err := in.Read()
		if errors.Is(err, io.EOF) {
			return size, nil
		}
		if torn := ends.ended && in.InputOffset() >= ends.n && (err != nil || ends.last != '\n'); torn {
			if n == 0 && !bytes.HasPrefix(newTable(CSV, columns).header(nil), ends.first) {
				return size, usage("it does not begin as such an export does")
			}
			return size, nil
		}
		if err != nil {
			return size, rowError(n, err)
		}
		if n == 0 && !slices.Equal(cells, columns) {
			return size, usage("its columns are %v, not %v: export to another file", cells, columns)
		}
		if n > 0 {
			err := each(func(name string) (string, error) { return cells[slices.Index(columns, name)], nil })
			if err != nil {
				return size, err
			}
		}
		size = in.InputOffset()
		ends.whole = size
	}
}

func rowError(n int, err error) error {
	if errors.Is(err, ErrUsage) {
		return err
	}
	return usage("its row %d: %v", n, err)
}

// maxRow is more than any row has, in bytes: an entity has at most 4 MiB.
const maxRow = 64 << 20

// source notes how a file begins and ends.
type source struct {
	r     io.Reader
	n     int64  // bytes read
	whole int64  // those of whole rows
	first []byte // at most 4096 bytes
	last  byte
	ended bool
}

func (s *source) Read(b []byte) (int, error) {
	if s.n-s.whole > maxRow {
		return 0, usage("behind its first %d bytes there are more than a row has without the end of one: it is damaged, or no export", s.whole)
	}
	n, err := s.r.Read(b)
	if n > 0 {
		s.n, s.last = s.n+int64(n), b[n-1]
		s.first = append(s.first, b[:min(n, 4096-len(s.first))]...)
	}
	s.ended = s.ended || errors.Is(err, io.EOF)
	return n, err
}
