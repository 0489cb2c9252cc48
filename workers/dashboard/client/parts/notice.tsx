/** What went wrong with something that the reader did. */

export function Failure({ text }: { text: string | null }) {
  if (text === null) return null;
  return (
    <p class="notice bad" role="alert">
      {text}
    </p>
  );
}
