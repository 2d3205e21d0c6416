/** The rows of a trace. Only those in view are rendered, so that thousands of spans scroll well. */
import { type KeyboardEvent, useEffect, useRef, useState } from "react";
import { Box, Text } from "@mantine/core";
import { duration as show } from "./model/format";
import type { Row } from "./model/trace";

const rowHeight = 30;
/** Rows rendered above and below those in view. */
const margin = 10;
/** Spans deeper than this are indented no further: their names would leave the column. */
const deepestIndent = 12;
/** A bar longer than this, in percent, has its duration inside. */
const widestBeside = 20;
const steps: Readonly<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1, PageDown: 15, PageUp: -15, Home: -Infinity, End: Infinity };

export function Waterfall(props: {
  readonly rows: readonly Row[];
  readonly duration: number;
  readonly chosen: number;
  readonly choose: (index: number) => void;
}) {
  const { rows, duration, chosen, choose } = props;
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(800);

  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setHeight(element.clientHeight));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  useEffect(() => {
    const element = box.current;
    if (!element) return;
    const above = chosen * rowHeight;
    if (above < element.scrollTop) element.scrollTop = above;
    else if (above + rowHeight > element.scrollTop + element.clientHeight) element.scrollTop = above + rowHeight - element.clientHeight;
  }, [chosen]);

  const move = (event: KeyboardEvent) => {
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    choose(Math.min(rows.length - 1, Math.max(0, chosen + step)));
  };

  const first = Math.max(0, Math.floor(top / rowHeight) - margin);
  const visible = rows.slice(first, first + Math.ceil(height / rowHeight) + 2 * margin);
  return (
    <div className="waterfall">
      <div className="waterfall-scale" aria-hidden>
        <Text size="xs">Span</Text>
        <div className="waterfall-ticks">
          {[0, 0.25, 0.5, 0.75].map((part) => (
            <Text key={part} size="xs">
              {show(duration * part)}
            </Text>
          ))}
        </div>
      </div>
      <Box
        ref={box}
        className="waterfall-rows"
        role="listbox"
        aria-label="Spans"
        aria-activedescendant={`span-${chosen}`}
        tabIndex={0}
        onKeyDown={move}
        onScroll={(event) => setTop(event.currentTarget.scrollTop)}
      >
        <div style={{ height: rows.length * rowHeight, position: "relative" }} role="presentation">
          {visible.map((row, offset) => (
            <SpanRow
              key={first + offset}
              row={row}
              index={first + offset}
              count={rows.length}
              chosen={first + offset === chosen}
              choose={choose}
            />
          ))}
        </div>
      </Box>
    </div>
  );
}

function SpanRow(props: {
  readonly row: Row;
  readonly index: number;
  readonly count: number;
  readonly chosen: boolean;
  readonly choose: (index: number) => void;
}) {
  const { row, index, count, chosen, choose } = props;
  const { span, depth, left, width } = row;
  const wide = width > widestBeside;
  const labelPlace = left > 80 ? { right: `${100 - left}%` } : { left: `${wide ? left : left + width}%` };
  return (
    <div
      id={`span-${index}`}
      role="option"
      aria-selected={chosen}
      aria-posinset={index + 1}
      aria-setsize={count}
      className="span-row"
      data-error={span.error || undefined}
      style={{ top: index * rowHeight, height: rowHeight }}
      onClick={() => choose(index)}
    >
      <div className="span-name" style={{ paddingLeft: 8 + Math.min(depth, deepestIndent) * 14 }} title={`${span.service}: ${span.name}`}>
        {span.error && <span className="span-mark">error</span>}
        <strong>{span.service}</strong> {span.name || "(no name)"}
      </div>
      <div className="span-time">
        <div className="span-bar" style={{ left: `${left}%`, width: `${width}%` }} />
        <span className={wide ? "span-duration inside" : "span-duration"} style={labelPlace}>
          {show(span.duration)}
        </span>
      </div>
    </div>
  );
}
