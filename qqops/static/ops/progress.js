'use strict';
/* Draws a panel of progress anew every few seconds until what it shows is over. Without it there is the link. */
{
    const EVERY = 3000;

    async function again(panel) {
        if (!document.hidden) {
            const answer = await fetch(panel.dataset.progress, {credentials: 'same-origin'});
            if (!answer.ok || answer.redirected) {
                return; // signed out, or no longer there: the link leads to a page that says so
            }
            const found = new DOMParser().parseFromString(await answer.text(), 'text/html').querySelector('.run-now');
            if (!found) {
                return;
            }
            if (found.textContent !== panel.textContent) { // what is the same is not read aloud again
                panel.replaceChildren(found);
            }
            if ('over' in found.dataset) {
                return;
            }
        }
        setTimeout(watch, EVERY, panel);
    }

    function watch(panel) {
        again(panel).catch(() => setTimeout(watch, EVERY * 5, panel));
    }

    for (const panel of document.querySelectorAll('[data-progress]')) {
        setTimeout(watch, EVERY, panel);
    }
}
