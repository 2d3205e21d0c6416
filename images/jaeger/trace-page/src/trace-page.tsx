/** One trace: its facts, its waterfall and the span that was chosen in it. */
import { useMemo, useState } from "react";
import { Alert, Badge, Group, Text, Title } from "@mantine/core";
import { Link } from "./address";
import { useLoaded, Waiting } from "./loading";
import { trace as loadTrace } from "./model/api";
import { clock, duration } from "./model/format";
import { linkPatterns, traceLinks } from "./model/links";
import { traceIdFrom } from "./model/query";
import { firstChoice, waterfall, type Trace } from "./model/trace";
import { Outside, SpanDetails } from "./span-details";
import { Waterfall } from "./waterfall";

export function TracePage({ id }: { readonly id: string }) {
  const traceId = traceIdFrom(id);
  if (traceId === undefined) {
    return <Missing title="This is no trace id" text="A trace id has up to 32 hexadecimal digits, and not all of them are zero." />;
  }
  return <KnownTrace id={traceId} />;
}

function KnownTrace({ id }: { readonly id: string }) {
  const [loaded, again] = useLoaded(id, (get) => loadTrace(get, id));
  return (
    <Waiting loaded={loaded} again={again}>
      {(trace) =>
        trace === undefined ? (
          <Missing
            title="No trace has this id"
            text={`${id} is not stored: sampling did not keep it, its retention is over, or its spans have not arrived yet.`}
          />
        ) : (
          <TraceView trace={trace} />
        )
      }
    </Waiting>
  );
}

function Missing({ title, text }: { readonly title: string; readonly text: string }) {
  return (
    <Alert color="yellow" title={title} role="alert">
      <Text mb="sm" className="breakable">
        {text}
      </Text>
      <Link to="search">Search for traces</Link>
    </Alert>
  );
}

function TraceView({ trace }: { readonly trace: Trace }) {
  const rows = useMemo(() => waterfall(trace), [trace]);
  const [chosen, choose] = useState(() => firstChoice(rows));
  const span = rows[chosen]?.span;
  return (
    <>
      <Title order={2} size="h4" className="breakable">
        {trace.root.service}: {trace.root.name || "(no name)"}
      </Title>
      <Group gap="md" my="xs">
        <Text size="sm" ff="monospace">
          {trace.id}
        </Text>
        <Text size="sm">{clock(trace.start)}</Text>
        <Text size="sm">{duration(trace.duration)}</Text>
        <Text size="sm">{trace.spans.length === 1 ? "1 span" : `${trace.spans.length} spans`}</Text>
        {trace.errors > 0 && <Badge color="red">{trace.errors === 1 ? "1 error" : `${trace.errors} errors`}</Badge>}
        {trace.policies.length > 0 && (
          <Text size="sm">
            Kept by policy <strong>{trace.policies.join(", ")}</strong>
          </Text>
        )}
        <Outside links={traceLinks(linkPatterns(), trace)} />
        {!trace.complete && <Badge color="yellow">root span not stored</Badge>}
      </Group>
      <div className="trace">
        <Waterfall rows={rows} duration={trace.duration} chosen={chosen} choose={choose} />
        {span && <SpanDetails span={span} trace={trace} />}
      </div>
    </>
  );
}
