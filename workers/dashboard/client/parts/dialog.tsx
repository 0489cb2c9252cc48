/** The browser's own modal dialog: it traps the focus, closes with Escape, and gives the focus back. */
import { type Child, useEffect, useRef } from 'hono/jsx/dom';

export interface DialogProps {
  id: string;
  title: string;
  open: boolean;
  onClose: () => void;
  children: Child;
}

export function Dialog({ id, title, open, onClose, children }: DialogProps) {
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = element.current;
    if (dialog === null) return;
    if (open && !dialog.open) dialog.showModal();
    if (!open && dialog.open) dialog.close();
  }, [open]);
  return (
    <dialog ref={element} aria-labelledby={`${id}-title`} onClose={onClose}>
      <h2 id={`${id}-title`}>{title}</h2>
      {open ? children : null}
    </dialog>
  );
}
