package server

import (
	"cmp"
	"errors"
	"net/http"
	"time"
)

// piece is how much is written under one deadline: who takes less in Limits.Stall is dropped.
const piece = 64 << 10

// inPieces writes b with a new deadline for each piece, so that what is large may take long, and what is not taken at all may not.
func inPieces(b []byte, renew func(), write func([]byte) (int, error)) (n int, err error) {
	for first := true; first || len(b) > 0; first = false {
		part := b[:min(len(b), piece)]
		renew()
		done, err := write(part)
		n += done
		if err != nil {
			return n, err
		}
		b = b[len(part):]
	}
	return n, nil
}

// paced drops clients that stop reading. A connection's deadline outlives the request, so every response is paced.
type paced struct {
	http.ResponseWriter
	stall time.Duration
}

func (p *paced) renew() {
	_ = http.NewResponseController(p.ResponseWriter).SetWriteDeadline(time.Now().Add(p.stall)) // where the server knows deadlines
}

// Write writes as long as the client takes something.
func (p *paced) Write(b []byte) (int, error) { return inPieces(b, p.renew, p.ResponseWriter.Write) }

// Unwrap serves http.ResponseController.
func (p *paced) Unwrap() http.ResponseWriter { return p.ResponseWriter }

var errTooLarge = errors.New("the response is larger than the limit")

// budget is the response to a request that is no stream: it has a status of our choice, and at most Limits.Response bytes.
type budget struct {
	http.ResponseWriter
	call *call
	left int64
	cut  bool // something did not fit: the connection has to end, since the client can't know otherwise
}

// WriteHeader sends the status, unless an extension has chosen another one.
func (b *budget) WriteHeader(status int) {
	if p := b.call.position; p != "" && len(p) <= maxPositionHeader {
		b.Header().Set(positionHeader, p)
	}
	if b.call.status != 0 {
		status = b.call.status
	}
	if status == http.StatusMethodNotAllowed {
		b.Header().Set("Allow", "POST")
	}
	b.ResponseWriter.WriteHeader(status)
	b.call.status, b.call.position = 0, ""
}

// Write writes what is within the budget.
func (b *budget) Write(p []byte) (int, error) {
	if b.call.status != 0 || b.call.position != "" {
		b.WriteHeader(cmp.Or(b.call.status, http.StatusOK))
	}
	if b.cut || int64(len(p)) > b.left {
		b.cut = true
		return 0, errTooLarge
	}
	b.left -= int64(len(p))
	return b.ResponseWriter.Write(p)
}
