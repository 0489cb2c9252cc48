/** Text to take along: shown as it is, with a button that copies it. */
import { useRef, useState } from 'hono/jsx/dom';
import { COPY } from '../texts.ts';

/** @param name what it is, for those who cannot see it */
export function Copyable({ name, text }: { name: string; text: string }) {
  const [copied, setCopied] = useState<string | null>(null);
  const code = useRef<HTMLPreElement>(null);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setCopied(text);
    } catch {
      // A page that is not served securely has no clipboard: then it is marked, to be copied by hand.
      if (code.current !== null) getSelection()?.selectAllChildren(code.current);
    }
  };
  return (
    <div class="copyable">
      <section tabindex={0} aria-label={name}>
        <pre ref={code}>{text}</pre>
      </section>
      <button type="button" class="button small" onClick={copy}>
        {copied === text ? COPY.done : COPY.copy}
        <span class="unseen"> {name}</span>
      </button>
    </div>
  );
}
