import { mount } from 'svelte';
import '../styles/base.css';
import '../ui/menu.css';
import { startI18n } from '../i18n/index.svelte';
import { startTheme } from '../theme/theme.svelte';
import App from './App.svelte';

startTheme();
await startI18n();

const target = document.getElementById('app');
if (target) mount(App, { target });
