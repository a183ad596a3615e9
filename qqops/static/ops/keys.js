'use strict';
/* Shortcuts and small comforts. Every page works without this file. */
{
    const root = document.documentElement;
    const on = () => localStorage.getItem('keys') !== 'off';
    const all = (selector) => Array.from(document.querySelectorAll(selector));
    const rows = () => all('[data-row]');
    const tick = (row) => row && row.querySelector('input[type=checkbox]');
    const current = () => document.activeElement.closest('[data-row]');

    // Rows

    function move(step) {
        const list = rows();
        const here = list.indexOf(current());
        const next = list[Math.min(Math.max(here + step, 0), list.length - 1)];
        const lead = next && next.querySelector('.lead a');
        if (lead) {
            lead.focus();
            next.scrollIntoView({block: 'nearest'});
        }
    }

    function ticked() {
        const bar = document.querySelector('.bulk');
        if (!bar) {
            return;
        }
        const boxes = rows().map(tick).filter((box) => box && box.checked);
        const said = bar.querySelector('.bulk-count');
        said.textContent = boxes.length ? said.dataset.some.replace('#', boxes.length) : said.dataset.none;
        bar.classList.toggle('has-ticks', boxes.length > 0);
    }

    // A bulk act on no tick at all is meant for the row that has the focus.
    function press(element) {
        if (element.closest('.bulk') && !rows().some((row) => tick(row) && tick(row).checked)) {
            const box = tick(current());
            if (!box) {
                return;
            }
            box.checked = true;
            ticked();
        }
        element.click();
        if (element.matches('input')) {
            (element.form.elements[element.dataset.then] || element).focus();
        }
    }

    const help = document.getElementById('keys');
    const keys = {
        '/': () => document.getElementById('nav-filter')?.focus(),
        'j': () => move(1),
        'k': () => move(-1),
        'x': () => {
            const box = tick(current());
            if (box) {
                box.checked = !box.checked;
                ticked();
            }
        },
        '?': () => help.showModal(),
    };

    document.addEventListener('keydown', (event) => {
        if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
            const form = event.target.closest('form') || document.querySelector('form.act-form');
            const send = form && form.querySelector('[data-send]');
            if (send) {
                event.preventDefault();
                send.click();
            }
            return;
        }
        if (event.key === 'Escape') {
            all('.menu[open]').forEach((menu) => menu.removeAttribute('open'));
        }
        const writing = event.target.matches('input:not([type=checkbox], [type=radio]), textarea, select');
        if (!help || help.open || !on() || writing || event.ctrlKey || event.metaKey || event.altKey) {
            return;
        }
        const marked = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
        if (keys[event.key]) {
            event.preventDefault();
            keys[event.key]();
        } else if (marked) {
            event.preventDefault();
            press(marked);
        } else if (/^\d$/.test(event.key)) {
            keys['/'](); // what is typed begins a number, and goes into the box
        }
    });

    // Ticks

    document.addEventListener('change', (event) => {
        if (event.target.closest('[data-row]')) {
            ticked();
        }
    });

    // One form is sent once; coming back by the browser's button makes it usable again.
    document.addEventListener('submit', (event) => {
        const form = event.target;
        if (form.method !== 'post' || form.dataset.sent) {
            if (form.dataset.sent) {
                event.preventDefault();
            }
            return;
        }
        form.dataset.sent = 'yes';
        if ('file' in form.dataset) { // the page stays where it is, and another may be wanted
            setTimeout(() => delete form.dataset.sent, 2000);
        }
    });
    window.addEventListener('pageshow', () => {
        all('form[data-sent]').forEach((form) => delete form.dataset.sent);
        ticked();
    });

    document.addEventListener('click', (event) => {
        const copy = event.target.closest('[data-copy]');
        if (copy) {
            navigator.clipboard.writeText(copy.dataset.copy).then(() => {
                const label = copy.textContent;
                copy.textContent = copy.dataset.done;
                setTimeout(() => copy.textContent = label, 1500);
            });
        }
        all('.menu[open]').filter((menu) => !menu.contains(event.target)).forEach((menu) => menu.removeAttribute('open'));
        if (event.target.closest('.keys-open')) {
            help.showModal();
        }
        if (event.target.closest('[data-print]')) {
            window.print();
        }
    });

    if (help) {
        const box = document.getElementById('keys-on');
        box.checked = on();
        box.addEventListener('change', () => {
            localStorage.setItem('keys', box.checked ? 'on' : 'off');
            on() ? root.dataset.keys = '' : delete root.dataset.keys;
        });
    }
    ticked();
}
