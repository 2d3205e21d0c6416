package load

import "time"

// catchUp is how much lost time is made up for. After a longer stall the schedule moves: a backlog of minutes let
// loose at once would be another load than the one asked for.
const catchUp = time.Second

// pacer spreads spans evenly over time.
type pacer struct {
	rate float64 // spans per second; 0 = no pause
	due  time.Time
}

// wait says how long after now the next spans are due, and puts off those after them.
func (p *pacer) wait(now time.Time, spans int) time.Duration {
	if p.rate == 0 {
		return 0
	}
	if p.due.IsZero() {
		p.due = now
	}
	if earliest := now.Add(-catchUp); p.due.Before(earliest) {
		p.due = earliest
	}
	wait := p.due.Sub(now)
	p.due = p.due.Add(time.Duration(float64(spans) / p.rate * float64(time.Second)))
	return max(0, wait)
}
