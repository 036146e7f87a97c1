package export

// pieceBytes is how much is written at once.
const pieceBytes = 64 << 10

// writer collects rows, and writes them in pieces of whole rows. What was added before the last successful flush is written.
type writer struct {
	out   *Output
	table *table
	buf   []byte
}

func newWriter(out *Output, names []string) *writer {
	w := &writer{out: out, table: newTable(out.Format, names)}
	if !out.Resumed {
		w.buf = w.table.header(w.buf)
	}
	return w
}

func (w *writer) add(values []value) { w.buf = w.table.row(w.buf, values) }

// full reports whether it is time to flush.
func (w *writer) full() bool { return len(w.buf) >= pieceBytes }

func (w *writer) flush() error {
	if len(w.buf) == 0 {
		return nil
	}
	_, err := w.out.To.Write(w.buf)
	if cap(w.buf) > 16*pieceBytes { // one row was very large
		w.buf = nil
	}
	w.buf = w.buf[:0]
	return err
}
